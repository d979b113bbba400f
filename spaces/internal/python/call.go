package python

import (
	"fmt"
	"strings"
	"unicode"
)

// Call finds the call of a function, Genotype(…), in a line of a log or of a program, and returns what stands between its parentheses.
// What stands before and after it does not matter. It is an error if it is called twice, or does not end.
func Call(text, name string) (arguments string, found bool, err error) {
	start := -1
	for i := 0; i < len(text); {
		next := strings.Index(text[i:], name)
		if next < 0 {
			break
		}
		next += i
		i = next + len(name)
		after := strings.TrimLeft(text[i:], " \t")
		if !strings.HasPrefix(after, "(") || next > 0 && isLetter(text[next-1]) {
			continue
		}
		if start >= 0 {
			return "", false, fmt.Errorf("%s(…) is there twice, want one architecture at a time", name)
		}
		start = len(text) - len(after) + 1
	}
	if start < 0 {
		return "", false, nil
	}
	arguments = text[start:]
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
