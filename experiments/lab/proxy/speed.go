package proxy

// TrainingSpeed is minus the sum of the training losses of the given epochs, each the mean over the steps of an epoch: the estimator TSE
// of Ru et al., "Speedy Performance Estimation for Neural Architecture Search" (NeurIPS 2021, arXiv 2006.04492, section 3), turned so
// that higher is better. Given the last E of the epochs that there have been it is their TSE-E. (Losses of single steps will do,
// too.) Architectures can be compared if they were trained alike, for as many epochs.
func TrainingSpeed(losses []float64) float64 {
	sum := 0.0
	for _, l := range losses {
		sum -= l
	}
	return sum
}
