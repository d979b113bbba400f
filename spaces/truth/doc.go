// Package truth holds what architectures really achieve: the tables of stand-alone results that a supernet's ranking is
// compared with.
//
// A [Truth] is one metric of many architectures. Each [Row] has the architecture as its table writes it and the values of
// all runs (seeds) there are; [Row.Mean] is their average, [Truth.Scores] the averages with the sign turned where lower is
// better, so that more is always better. [Truth.Archs] reads the architectures with a search space, [Truth.Within] chooses those of
// a part of one. [Join] pairs two tables, or two columns of one, by what their architectures compute.
//
//	t, err := truth.ReadCSV("darts-cifar10.csv")
//	archs, err := t.Archs(darts.New())
//	scores := t.Scores() // scores[i] belongs to archs[i]
//
// # Formats
//
//   - [ReadCSV]: a header, a column architecture and columns of numbers, which are runs (seeds), as are several rows of an architecture;
//     which direction is better follows from the words of the column's name. [CSV] says otherwise, and what else can be chosen. The tables
//     that the authors of "How Does Supernet Help in Neural Architecture Search?" (arXiv 2010.08219) published for DARTS on CIFAR-10,
//     DARTS on Penn Treebank and ProxylessNAS have this form, and so have the usual exports of NAS-Bench-101, NAS-Bench-201 and
//     NAS-Bench-Macro.
//   - [ReadNASBench101]: the official nasbench_only108.tfrecord or nasbench_full.tfrecord of Ying et al.,
//     "NAS-Bench-101: Towards Reproducible Neural Architecture Search" (ICML 2019).
//   - [ReadNDS]: the JSON files of Radosavovic et al., "On Network Design Spaces for Visual Recognition" (ICCV 2019).
//
// All of them may be compressed with gzip. Seeds that were published as one table each are put together by [Merge].
//
// [Truth.Description] says what was taken: columns, direction, number of runs, and what was left out. Errors name the file and the line (or
// record, or run), say what was expected, and quote no more than the beginning of what is there.
package truth
