// Command capacity trains a search space with more and less weight sharing, and compares how well the supernets rank.
//
// The study's own supernet is compared to
//
//   - folds: a supernet for each part of the space, which is divided at random, by a decision or by the truth, at equal total
//     training or with as many epochs for each as the study's own has;
//   - copies of each choice with weights of their own, of which one is drawn for each use;
//   - omniscience: training on the best third by truth, against a random third;
//   - fair and multi-path sampling, half and twice the epochs, warm restarts, half and twice the width, and another seed, which
//     shows how large a difference chance makes.
//
// The budget, counted in trainings of the study's own supernet, goes first to what answers the question most directly. What it does not
// pay for, and what a space does not have, has a row that says so.
//
//	capacity                             # what three trainings allow for, on generated data
//	capacity -budget 100                 # everything
//	capacity -parts copies,seed          # copies of each choice only, and another seed
//	capacity -data DIR -truth FILE -recipe small
//
// Flags that all experiments share are explained by -h. What a study has trained is found again, by other experiments too.
package main

import "github.com/oneshot-nas/oneshot/experiments/analysis"

func main() { analysis.Main("capacity") }
