// Package lab is what the experiments share: a [Lab] is one study of one search space. It knows the space and its recipes,
// loads data, trains the supernet, scores architectures, finds the truth about them (from a published table, or by training
// each alone), and measures how well two rankings agree. Everything is computed once, kept in the study directory, and found
// again by the next run of the same command, also after Ctrl-C and kill -9.
//
//	l, err := lab.Open(ctx, options)
//	defer l.Close()
//	scores, err := l.Scores(ctx, lab.Variant{}, l.Archs())          // of the study's own supernet
//	longer, err := l.Scores(ctx, lab.Variant{Epochs: 20}, l.Archs()) // of another
//	truth, err := l.Truth(ctx, l.Archs())
//	evidence, err := l.Evidence(ctx)                                // all of it, with what it must be compared to
//
// # A space
//
// One file for each space (nasbench101.go, …) holds its [Recipe]s and makes its networks; the code of all others asks only for
// what a space has. Recipes are data: tiny takes minutes on two cores, small hours on real data, and paper is the published
// protocol. Every result names its recipe. Command lines override a recipe field by field ([Options.AddFlags]); what a space
// has not, or what cannot be trained or scored with it, is an error before anything is written or trained ([Need]). So is what takes
// more memory than there is, by an estimate from the layers that a space lists, or more disk space, unless [Options.Force].
//
// # Precision
//
// With -precision bf16 supernets are trained and scored, and architectures trained alone, with products of bfloat16 numbers
// ([autograd.Precision]): another study, whose outputs say so, and whose workers do the same. Files hold float32. The embedded truth is of
// float32, and counts for supernets of either; proxies are float32.
//
// # Tables, and studies as tables
//
// [ReadEvidence] joins scores and truth of anyone's tables, [ReadRankings] several tables of scores with one another. Wherever a table is read,
// a finished study may stand, by its folder or by that of one supernet: its supernets are the runs, with the weights after the last epoch and
// the study's kind of batch-norm statistics. So two precisions are compared, recipes, or two states of the engine; how far rankings of two
// seeds differ says what of that is chance.
//
// # What a study keeps
//
// config.json is what the numbers depend on, tables and data by the SHA-256 of what is in them; another configuration in the same
// folder is refused. run.json says which program worked on it last, and where. A study has any number of supernets, each a [Variant]
// of the recipe with a folder of its own under
// supernets/: variant.json, the training at hand or its end, the weights on the way, and the scores. truth.csv, curves.csv and
// proxies.csv have rows by architecture (truth and curves also by seed), in any order, each written as soon as it is known: what is
// missing is computed, what is there is not computed again, whichever analysis asks. A training alone goes on from alone.safetensors.
// An analysis writes its results to a folder of its own, last, and only if everything is finite.
//
// Of each training the study keeps the last checkpoint and the one before, NAME.previous.safetensors. A checkpoint says which study
// and which training it is of, and has a checksum, as rows and documents do (see package study): what was damaged, or put in the place of
// another, is an error that says what to delete and from where the training goes on then. Nothing starts anew by itself.
//
// # The truth
//
// It comes from somebody's table, or it is made. Of a table, the column's name or the command line says which direction is better; several
// columns or rows of an architecture are runs, of which the mean counts. Setting says what was taken, and warnings stand first: fewer
// architectures than were asked for, runs that look like copies. Where the truth is made, architectures are trained alone, several times
// if the recipe says so, in shards on many machines if there are many ([Lab.Merge]). For the tiny recipes on generated data it has been
// made already and is embedded in the program, with its learning curves and where it comes from ([Provenance]); it counts where the study
// is about the same networks and data, whatever its seed. A training alone that diverges comes to no result: diverged.csv has it, it
// counts in no mean, and an architecture of which all do so is left out of the study; a warning says how many there are. If all of the
// first diverge, that is an error. A supernet that diverges ends the run with one.
//
// # Many machines
//
// What a study computes falls into pieces that depend on nothing but its configuration and what they go on from: a training alone, of an
// architecture with a seed; the training of a supernet; the scores of some architectures by a supernet; proxies of some. A Lab that is served
// ([Lab.Serve], package cluster) hands out those that it has not got and writes down what comes back; a [Worker] elsewhere has a Lab of the same
// configuration and calls the same functions for one piece after the other, so that the rows and weights are those of one process, to the
// bit. [Lab.HandOut] hands out all that is known to be needed at once; what only shows later, as the branches that pruning drops, is handed out
// when it is asked for. Data are not sent: a worker loads or generates them, and their fingerprints must be the study's. work.csv says
// who computed what. Without a server, trainings alone are shared by shards.
//
// # Nothing is shown alone
//
// Beside the scores that are judged, [Evidence] has what costs nothing: the number of parameters, of multiply-adds and of weighted
// layers, and zero-cost proxies where they are asked for. Where the truth was found more than once, the agreement between runs is
// the noise ceiling. A statistic that is undefined, such as the rank correlation with a count that is the same for all
// architectures, is null in files and has no place in figures.
package lab
