// Package inspect looks into the search spaces for people at a terminal: it is the command spaces, and the part of that name of the
// command oneshot. Each file is a subcommand or two; cellgraph, beside this package, makes the drawings.
package inspect
