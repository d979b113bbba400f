package analysis

// minutes is how long an analysis takes by itself in a new study, in minutes on two cores: by recipe, analysis and space. Help shows what
// is here; what is not has not been measured.
var minutes = map[string]map[string]map[string]float64{
	"tiny": {},
}
