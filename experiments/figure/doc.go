// Package figure draws the figures of the experiments, as SVG for the report and as PNG for everything else.
//
// There are four kinds: [Scatter], the supernet's score against the truth, each point an architecture, under correlations and a
// number of points that are computed from the very points that are drawn; [Lines], curves with bands; [Intervals], estimates in
// rows; and [Heatmap], a table on colours. Each is plain data with a form in JSON (a [List] of any of them too), from which it can be drawn again. The title
// says what is to be seen, the subtitle what was looked at: interval, recipe, seed, data, truth.
//
//	plot := figure.Scatter{
//		Title: "NAS-Bench-201, CIFAR-10", Subtitle: "recipe small, seed 1; truth: published, mean of 3 runs",
//		Score: "supernet accuracy, %", Truth: "stand-alone accuracy, %",
//		Groups: []figure.Group{{Name: "all", Score: score, Truth: truth}},
//	}
//	err := s.WriteFile("scatter.svg", plot.WriteSVG) // s is a *study.Study, which writes atomically
//	err = s.WriteFile("scatter.png", plot.WritePNG)
//
// Markers shrink and become more transparent the more there are, so that thirty points can be seen singly and fifteen
// thousand show their density. In an SVG more than a few thousand points become an embedded picture: the file stays
// small and quick to show, text and axes stay sharp.
//
// Colours are those of Okabe and Ito ("Color Universal Design", 2008), which people with any colour vision tell apart.
// The same data gives the same bytes.
package figure
