// Package report holds what an analysis found, in one form that can be printed, written and shown.
//
// A [Result] is tables, figures and findings. It is data: every number is there as a number, with its interval where it has one
// ([Estimate]), so that the text on a terminal, the CSV files, result.json and the page in a browser are made from the same
// values and cannot disagree.
//
//	r := &report.Result{Analysis: "topk", Title: "The top of the ranking", Question: "Does the supernet find the best?"}
//	t := r.Table("precision", "P@k by score", report.Text("ranked by"), report.Integer("k"), report.Real("P@k", 3))
//	t.Add("supernet", 12, report.Estimate{Value: 0.42, Low: 0.31, High: 0.55})
//	err := r.Write(dir) // topk/result.json, topk/result.txt, topk/precision.csv; Read brings it back
//	err = report.Build(dir)
//
// result.json has a checksum, and so has the page: [Read] and [Built] know what was damaged since.
//
// [Build] makes one page, report.html, of all results in a study or in a folder of studies. It needs no network: figures are drawn into
// it, in colours for light and dark, and two libraries (web/README.md) show the [Architectures] as a scatter whose axes a reader chooses, linked to
// a table, drawings and learning curves.
package report
