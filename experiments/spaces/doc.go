// Spaces looks into the search spaces: it describes, converts, samples, enumerates, draws and counts architectures.
//
//	spaces describe                                     # all spaces
//	spaces describe -space darts                        # one space and its decisions
//	spaces describe -space nasbench201 ARCH             # an architecture, layer by layer
//	spaces convert -space proxylessnas -to tunas ARCH
//	spaces sample -space darts -n 3 -seed 7
//	spaces enumerate -space nasbench201 -whole -unique  # the 6,466 different ones of the 15,625
//	spaces neighbours -space nasbench101 ARCH
//	spaces draw -space darts -o cell.svg ARCH
//	spaces count -space darts -in table.csv.gz > counts.csv
//
// ARCH is an architecture in any format of its space, which "spaces convert -h" lists. Where it is left
// out, architectures are read from standard input, one a line (or more, as long as a bracket is open), so that the commands can be
// piped into each other, and describe describes the space if there are none:
//
//	spaces sample -space proxylessnas -n 5 | spaces convert -space proxylessnas -to json
//	grep Genotype search.log | spaces describe
//
// The space may be left out where only one reads the architecture, whatever its form.
//
// The format json is the same for all spaces: an object of decisions and their values by name, as describe lists them and as -keep and
// -drop of the experiments take them. The format table is what the tables of the paper's authors have, which differs by space.
//
// The spaces are the five of "How Does Supernet Help in Neural Architecture Search?" (arXiv 2010.08219), NAS-Bench-101 both whole and in
// the part that supernets are trained in, and a sixth, NAS-Bench-Macro. Of the 15,625 architectures of NAS-Bench-201 the output depends on
// the input in 15,284, which are those that are sampled and listed; the other 341 can be read, described and converted, and
// enumerate -whole lists them too. The format index is the benchmark's own numbering.
//
// The count of a table is a CSV table with the columns architecture (as given), params, macs and published_macs: the
// multiply-adds as the authors count them, which leave out some in the space darts and are the same in the others. Networks are
// counted at their published size, multiply-adds for one image or word.
package main
