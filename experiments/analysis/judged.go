package analysis

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/experiments/lab"
)

// seedGroups are the scores that are one method: supernets differ in their seed only, tables are one each.
func seedGroups(scores []lab.Scorer) (groups [][]int) {
	var supernets []int
	for i, s := range scores {
		if s.Kind == lab.SupernetScore {
			supernets = append(supernets, i)
		} else {
			groups = append(groups, []int{i})
		}
	}
	if supernets != nil {
		groups = append([][]int{supernets}, groups...)
	}
	return groups
}

// judged is scores that are one method: the supernets of all seeds, or one table.
type judged struct {
	name   string
	kind   lab.ScorerKind
	scores []lab.Scorer
	values []float64 // of the scores, their mean
}

// judgedScores are the methods that evidence is about.
func judgedScores(e *lab.Evidence) []judged {
	var all []judged
	for _, group := range seedGroups(e.Scores) {
		j := judged{name: e.Scores[group[0]].Name, kind: e.Scores[group[0]].Kind, values: make([]float64, len(e.Archs))}
		if len(group) > 1 {
			j.name = fmt.Sprintf("mean of %d supernets", len(group))
		}
		for _, i := range group {
			j.scores = append(j.scores, e.Scores[i])
			for a, v := range e.Scores[i].Values {
				j.values[a] += v / float64(len(group))
			}
		}
		all = append(all, j)
	}
	return all
}

// twoRuns are the first two trainings of those architectures that have two.
func twoRuns(t *lab.Truth) (first, second []float64) {
	for _, runs := range t.Runs {
		if len(runs) > 1 {
			first, second = append(first, runs[0]), append(second, runs[1])
		}
	}
	return first, second
}

// trainedTwice are the architectures of [twoRuns].
func trainedTwice(t *lab.Truth) (archs []int) {
	for a, runs := range t.Runs {
		if len(runs) > 1 {
			archs = append(archs, a)
		}
	}
	return archs
}

// valuesOf returns the values of some architectures.
func valuesOf(values []float64, archs []int) []float64 {
	picked := make([]float64, len(archs))
	for i, a := range archs {
		picked[i] = values[a]
	}
	return picked
}
