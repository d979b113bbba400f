// Package analysis holds the questions that the laboratory answers: one file each, which declares an [Analysis].
//
//	var TopK = register(&Analysis{
//		Name:     "topk",
//		Title:    "The top of the ranking",
//		Question: "Does the supernet find the best architectures?",
//		Tables:   topArchitectures, // func(*lab.Evidence) (*report.Result, error)
//	})
//
// An analysis turns evidence into a [report.Result]. What needs no more than scores and truth is a function of [lab.Evidence], and so
// also answers for tables from elsewhere; what compares scores with one another is a function of [lab.Rankings]; what has to train takes the
// [lab.Lab] and adds to that. All of them have one command line:
//
//	func main() { analysis.Main("topk") }
//
// # A study
//
// A run asks first whether everything is there that the analyses need ([Analysis], Needs), so that what is refused leaves nothing behind. It
// opens the study of its configuration, announces what is still to be computed ([lab.Lab.Plan]), answers, and writes result.json,
// result.txt, tables and figures to a folder of the analysis, and report.html. The analyses share the study: a supernet, a score or a
// truth is computed once, by whoever asks first. Run again, with the same program and flags, the same contents in the files that they name,
// and all files of the answer as they were written, an analysis finds its answer and prints it without opening the study. With -space all there is a study for each space, and a result that has them side by side; the
// command all runs everything and says what the paper's findings come to.
//
// # Statistics
//
// No number is alone. A statistic comes with the 95 % percentile bootstrap interval over architectures, and differences are taken on the
// same resamples of both, so that what the architectures share cancels. Beside the supernet stand counts of parameters, multiply-adds
// and layers, proxies if they are asked for, chance, and the noise ceiling: what another training of the same architectures makes of
// their ranking. A verdict on a claim of the paper follows from an interval; where that allows both, or is of too few architectures, it
// is undecided.
package analysis
