// Package plaintext reads text that people bring: tables, JSON and lists of architectures, as spreadsheets, editors, shells and other
// people's programs write them.
//
// [NewReader] drops a byte-order mark, makes a line feed of each of the three ends of lines ("\n", "\r\n" and a lone "\r"), and refuses
// what is no such text and says how to get it: UTF-16, the archive that a spreadsheet saves, binary data. How long a record may be is
// bounded, and how long the whole, so that a damaged file, or one that unpacks to much more than it is, cannot fill the memory.
//
// [Quote] and [Name] are how messages and outputs show what they are about: its beginning, on one line, with control characters escaped.
package plaintext
