// Package lab is what the experiments share: a [Lab] is one study of one search space. It knows the space and its recipes,
// loads data, trains the supernet, scores architectures, finds the truth about them (from a published table, or by training
// each alone), and measures how well two rankings agree. Everything is computed once, kept in the study directory, and found
// again by the next run of the same command, also after Ctrl-C and kill -9.
//
//	l, err := lab.Open(options)
//	defer l.Close()
//	archs := l.Archs()
//	scores, err := l.Scores(ctx, archs)
//	truth, err := l.Truth(ctx, archs)
//	comparison, err := l.Compare(archs, scores, truth)
//
// # A space
//
// One file for each space (nasbench101.go, …) holds its [Recipe]s and makes its networks; the code of all others asks only for
// what a space has. Recipes are data: tiny takes minutes on two cores, small hours on real data, and paper is the published
// protocol. Every result names its recipe. Command lines override a recipe field by field ([Options.AddFlags]); what a space
// has not, or what cannot be trained or scored with it, is an error before anything is trained.
//
// # What a study keeps
//
// config.json is what the numbers depend on; another configuration in the same folder is refused. supernet.safetensors is the
// training at hand or its end. scores.csv, truth.csv and curves.csv have rows by architecture (truth and curves also by seed), in
// any order, each written as soon as it is known: what is missing is computed, what is there is not computed again. A training
// alone goes on from alone.safetensors. results.json and the figures are written last, and only if everything is finite.
//
// # Nothing is shown alone
//
// Beside the agreement of a supernet's scores with the truth stands that of what costs nothing ([Baseline]): the number of
// parameters, of multiply-adds and of weighted layers; and what the supernet adds to each of them, the partial rank
// correlation. Where the truth was found more than once, the agreement between runs is the noise ceiling. A statistic that is
// undefined, such as the rank correlation with a count that is the same for all architectures, is null in results.json and has no
// place in figures.
package lab
