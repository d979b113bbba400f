package python

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Call finds the call of a function, Genotype(…), in a line of a log or of a program, and returns what stands between its parentheses.
// What stands before and after it does not matter. It is an error if it is called twice, or does not end.
func Call(text, name string) (arguments string, found bool, err error) {
	calls := regexp.MustCompile(`\b`+name+`\s*\(`).FindAllStringIndex(text, 2)
	switch len(calls) {
	case 0:
		return "", false, nil
	case 2:
		return "", false, fmt.Errorf("%s(…) is there twice, want one architecture at a time", name)
	}
	arguments = text[calls[0][1]:]
	depth := 1
	for i := range len(arguments) {
		switch arguments[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return arguments[:i], true, nil
			}
		}
	}
	return "", false, fmt.Errorf("%s(… does not end: there are %d ) too few", name, depth)
}

// Words splits text at blanks, brackets, quotes and what else only separates: the names and numbers are left. The types that NumPy
// prints around numbers, np.int64(3), are left out.
func Words(text string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`()[]{},;:='"`, r) })
	kept := words[:0]
	for _, w := range words {
		if !strings.HasPrefix(w, "np.") && !strings.HasPrefix(w, "numpy.") {
			kept = append(kept, w)
		}
	}
	return kept
}
