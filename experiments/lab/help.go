package lab

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// helpRows are the lines of the short help: flags that share a line, and what they do in few words. Flags that change the recipe are a table
// of their own.
var helpRows = []struct{ group, names, usage string }{
	{"studied", "space", "of those below, or all: side by side"},
	{"", "recipe", "tiny (minutes), small (hours, real data) or paper"},
	{"", "seed seeds", "of everything random; how many supernets from it on"},
	{"", "sampler precision", "uniform, fair or multi-path:K; float32 or bf16"},
	{"", "keep drop", "only where decisions take, or do not take, these values"},
	{"data", "data", "CIFAR, texts, or pictures as train/CLASS and test/CLASS"},
	{"", "truth truth-again", "CSV, plain or .gz, or: trained; another training of it"},
	{"", "truth-column", "or NAME,NAME or 'NAME*': of several runs"},
	{"", "proxies", "zero-cost scores to compare with: names, or all"},
	{"tables", "scores", "CSVs or finished studies: against -truth, or each other"},
	{"", "score-column", "or NAME,NAME or 'NAME*': of several runs"},
	{"truth", "shard merge", "a part of the trainings; what all parts have found"},
	{"", "repeat export", "so many with all -truth-seeds, the others once; to be embedded"},
	{"run", "study serve", "where everything is kept; computed on many machines"},
	{"", "checkpoint force", "between checkpoints; whatever memory and disk have"},
	{"", "quiet version", "no progress on standard error; print the version and end"},
}

// helpLeaves are flags that only the long help lists: those of servers, and what few tables and data need.
const helpLeaves = "listen token connect creds tls-ca tls-cert tls-key nats-config admit lease skip-bad-images skip-bad connected " +
	"truth-lower-is-better truth-higher-is-better score-lower-is-better score-higher-is-better"

// recipeRows are the lines of the table of recipes: flags, of which each space has one.
var recipeRows = []string{"archs", "epochs", "alone-epochs", "truth-seeds", "batch", "lr", "bn", "train-count", "score-count", "truth-count", "variant",
	"image", "channels width hidden", "cells depth"}

// helpColumns is the width of a screen.
const helpColumns = 100

// PrintHelp writes a question and the flags of a set on a screen: those that this package has defined in groups, others below them, and a table of
// what the recipe has in each space and which flag changes it, with the minutes that it takes on two cores where they are known.
func (o *Options) PrintHelp(out io.Writer, question string, f *flag.FlagSet, minutes map[string]float64) {
	fmt.Fprintf(out, "%s\n\n", strings.Join(wrapped(question, helpColumns), "\n"))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	shown := make(map[string]bool)
	for _, name := range strings.Fields(helpLeaves) {
		shown[name] = true
	}
	row := func(group string, names []string, usage string) {
		var flags, args, defaults []string
		for _, name := range names {
			fl := f.Lookup(name)
			if fl == nil {
				continue
			}
			shown[name] = true
			arg, text := flag.UnquoteUsage(fl)
			if arg != "" {
				text = strings.TrimLeft(strings.TrimPrefix(text, arg), ":, ")
				arg = " " + arg
			}
			if usage == "" {
				usage = text
			}
			flags, args = append(flags, "-"+name), append(args, arg)
			if d := fl.DefValue; d != "" && d != "false" {
				defaults = append(defaults, d)
			}
		}
		if flags == nil {
			return
		}
		for i, arg := range args {
			if i+1 == len(args) || args[i+1] != arg { // else the next one's stands for both
				flags[i] += arg
			}
		}
		if defaults != nil {
			usage += " [" + strings.Join(defaults, ", ") + "]"
		}
		what := strings.Join(flags, ", ")
		for _, line := range wrapped(usage, helpColumns-42) {
			fmt.Fprintf(w, "%s\t%s\t%s\n", group, what, line)
			group, what = "", ""
		}
	}
	for _, r := range helpRows {
		row(r.group, strings.Fields(r.names), r.usage)
	}
	group := "also"
	f.VisitAll(func(fl *flag.Flag) {
		if _, recipe := o.overrides[fl.Name]; !recipe && !shown[fl.Name] {
			row(group, []string{fl.Name}, "")
			group = ""
		}
	})
	w.Flush()
	o.printRecipes(out, minutes)
}

// wrapped breaks a text into lines.
func wrapped(text string, columns int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line+" "+word) > columns {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// printRecipes writes what a recipe has in each space, a line for each flag that changes it.
func (o *Options) printRecipes(out io.Writer, minutes map[string]float64) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nrecipe %s\t", o.Recipe)
	var recipes []Recipe
	for _, f := range families {
		other := o.WithSpace(f.name, func(dir, _ string) string { return dir })
		_, r, err := other.recipe()
		if err != nil {
			fmt.Fprintln(out, "\n"+err.Error())
			return
		}
		recipes = append(recipes, r)
	}
	order := make([]int, len(families)) // by name, as the flag -space lists them
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return strings.Compare(families[i].name, families[j].name) })
	for _, i := range order {
		fmt.Fprintf(w, "%s\t", families[i].name)
	}
	fmt.Fprintln(w)
	for _, names := range recipeRows {
		fmt.Fprintf(w, "-%s\t", strings.Fields(names)[0])
		for _, i := range order {
			cell := "–"
			for k, name := range strings.Fields(names) {
				if v := o.overrides[name].value(families[i], &recipes[i]); v != "" {
					cell = v
					if k > 0 {
						cell = "-" + name + " " + v
					}
				}
			}
			fmt.Fprintf(w, "%s\t", cell)
		}
		fmt.Fprintln(w)
	}
	if len(minutes) > 0 {
		fmt.Fprint(w, "minutes, two cores\t")
		for _, i := range order {
			if m, ok := minutes[families[i].name]; ok {
				fmt.Fprintf(w, "%.1f", m)
			}
			fmt.Fprint(w, "\t")
		}
		fmt.Fprintln(w)
	}
	w.Flush()
}
