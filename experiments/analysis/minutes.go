package analysis

// minutes is how long an analysis takes by itself in a new study, in minutes on two cores: by recipe, analysis and space. Help shows what
// is here; what is not has not been measured.
var minutes = map[string]map[string]map[string]float64{
	"tiny": {
		"correlation": {"darts": 0.8, "dartsptb": 0.3, "nasbench101": 0.9, "nasbench201": 0.6, "nasbenchmacro": 0.4, "proxylessnas": 1.0},
	},
}
