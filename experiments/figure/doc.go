// Package figure draws the figures of the experiments, as SVG for the report and as PNG for everything else.
//
// There is one kind so far: [Scatter], the supernet's score against the truth, each point an architecture. The title
// carries the correlations and the number of points, computed from the very points that are drawn.
//
//	plot := figure.Scatter{
//		Title: "NAS-Bench-201, CIFAR-10",
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
