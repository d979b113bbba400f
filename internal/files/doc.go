// Package files is how files are opened and written, by the whole module.
//
// For reading, [Open] and [Read] take regular files, for anything else may never end or never begin: opening a named pipe waits until
// somebody writes to it, and reading a device may take all memory.
//
// [Write] replaces files as wholes. Whoever reads one meanwhile sees the old contents or the new, and so does the next run of a program
// that is killed, or of a machine that loses power, at any moment.
package files
