// Package rank measures how well one ranking of architectures predicts another.
//
// A supernet gives every architecture a score s, training it alone gives its truth t; both are "larger is better" (for a
// perplexity, pass its negative). [New] pairs the two lists, checks them once, and every statistic is then a method
// that cannot fail:
//
//	p, err := rank.New(score, truth)
//	tau, rho := p.Kendall(), p.Spearman()
//	hit := p.PrecisionAt(p.Share(0.10), rank.ByOrder) // P@10 %
//	ci := p.Bootstrap(1000, 0.95, 42, (*rank.Pairs).Kendall, (*rank.Pairs).Spearman)
//
// # Correlations
//
// [Pairs.Kendall] is τ-b, [Pairs.Spearman] is ρ on average ranks, [Pairs.Pearson] is r. Where either side is constant
// they are undefined, and NaN. [Pairs.SparseKendall] and [Pairs.InheritedSparseKendall] are τ-b against a truth that is
// rounded first, so that differences below the noise of training do not count; they are two conventions of the
// literature and give different numbers.
//
// [Pairs.PartialSpearman] is what is left of ρ once other numbers, such as counts of parameters and layers, are held fixed
// ([Pairs.Given]): what the score knows beyond them; and, with lists in other places, what they know beyond it ([Pairs.ScoreFrom]).
//
// # The top
//
// A search takes the k architectures that the supernet likes best and drops the rest. Of those k, [Pairs.PrecisionAt]
// is the share that is truly among the best k (P@k); [Pairs.BestRankAt] and [Pairs.WorstRankAt] are the best and the
// worst true rank (BR@k, WR@k); [Pairs.KendallAt] is τ-b inside them; [Pairs.NDCGAt] weighs truths by place.
// [Pairs.PruningLoss] is the share of the truly best that is lost when the predicted worst are dropped, and
// [Pairs.PruningCurve] the same for many cuts. The same at the other end of the list: [Pairs.Reversed].
//
// A search that trains the k alone and keeps the best finds [Pairs.BestTruthAt], and misses the best there is by
// [Pairs.RegretAt]. Random search with k trainings finds [Pairs.RandomBestAt]; [Pairs.BeatsRandomAt] is the probability
// that it finds less.
//
// # Ties
//
// Accuracies are counts of test images and repeat: at any k, several architectures may tie for the last place, in the
// score and in the truth. [Ties] says who gets it. [Average] is the mean over all ways of breaking the ties, computed
// exactly, and is what to report. [Optimistic] and [Pessimistic] bound what any way could give: report them where they
// differ from it in a digit that matters. [ByOrder], the convention of the published code, takes them in array order, so
// the number depends on the order of the table.
//
// # Uncertainty
//
// Thirty architectures give τ a standard error above 0.1. [Pairs.Bootstrap] gives percentile intervals from resampling
// architectures with replacement, [Pairs.Resample] the values themselves, for differences. [Pairs.Permute] gives the
// values of pairs that have nothing to do with each other, and [PermutationPValue] and [BootstrapPValue] say what is
// unlikely by chance; of many such questions some come out by chance, which [Holm] and [BenjaminiHochberg] correct. All
// of them use all processors, and the result is the same for any number of them.
package rank
