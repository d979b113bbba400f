// Package cellgraph draws the cell of an architecture.
//
// [Of] turns an architecture of any of the search spaces into one or more graphs, whose vertices are the operations and the
// values (inputs, sums, outputs) between them. [WriteDOT] writes them for Graphviz; [WriteSVG] lays them out itself, from
// top to bottom in layers, as Sugiyama, Tagawa and Toda do ("Methods for Visual Understanding of Hierarchical System
// Structures", 1981): a layer for each vertex by its longest path from an input, few crossings by averaging the positions of
// neighbours, then positions as close under the neighbours as there is room.
//
// The same architecture gives the same bytes.
package cellgraph
