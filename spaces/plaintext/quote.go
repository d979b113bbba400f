package plaintext

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// most is how many characters of somebody's text are shown.
const most = 100

// Quote is the beginning of a text in quotes, as messages show it: at most a hundred characters, with control characters escaped.
func Quote(s string) string {
	if b := beginning(s); len(b) < len(s) {
		return strconv.Quote(b) + "…"
	}
	return strconv.Quote(s)
}

// Name is the beginning of a name that somebody gave, such as that of a column or a file, as outputs show it: without quotes, and with what
// is not printable escaped, so that it can neither steer a terminal nor break a page.
func Name(s string) string {
	var b strings.Builder
	cut := beginning(s)
	for i, r := range cut {
		switch _, size := utf8.DecodeRuneInString(cut[i:]); {
		case r == utf8.RuneError && size == 1:
			b.WriteString(strings.Trim(strconv.Quote(cut[i:i+1]), `"`))
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	if len(cut) < len(s) {
		b.WriteString("…")
	}
	return b.String()
}

// Names lists names, quoted, and no more of them than fit a message.
func Names(names []string) string {
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		if b.Len() > 2*most {
			b.WriteString("and " + strconv.Itoa(len(names)-i) + " more")
			break
		}
		b.WriteString(Quote(name))
	}
	return b.String()
}

// beginning is at most the first most characters.
func beginning(s string) string {
	n := 0
	for i := range s {
		if n == most {
			return s[:i]
		}
		n++
	}
	return s
}
