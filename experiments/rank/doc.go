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
// [Pairs.PartialSpearman] is what is left of ρ once a third number, such as the number of parameters, is held fixed
// ([Pairs.Given]): what the score knows beyond that number.
//
// # The top
//
// A search takes the k architectures that the supernet likes best and drops the rest. Of those k, [Pairs.PrecisionAt]
// is the share that is truly among the best k (P@k); [Pairs.BestRankAt] and [Pairs.WorstRankAt] are the best and the
// worst true rank (BR@k, WR@k); [Pairs.KendallAt] is τ-b inside them. [Pairs.PruningLoss] is the share of the truly
// best that is lost when the predicted worst are dropped. The same at the other end of the list: [Pairs.Reversed].
//
// # Ties
//
// Accuracies are counts of test images and repeat: at any k, several architectures may tie for the last place, in the
// score and in the truth. [Ties] says who gets it. [ByOrder], the convention of the published code and the default of
// the experiments, takes them in array order, so the number depends on the order of the table. [Optimistic] and
// [Pessimistic] bound what any way of breaking ties could give, [Average] is the mean over all of them. Where those
// differ from ByOrder in a digit that matters, report them.
//
// # Uncertainty
//
// Thirty architectures give τ a standard error above 0.1. [Pairs.Bootstrap] gives percentile intervals from resampling
// architectures with replacement. It uses all processors, and the result is the same for any number of them.
package rank
