package report

import (
	"fmt"
	"reflect"
	"strings"
)

const (
	explainWidth = 80
	explainName  = 24 // columns for a counter's name
)

// Explain lists what the types of the groups' accounts count: their names, and the
// sentence that each declares of itself, in lines of 80 columns.
func Explain(groups []Group) string {
	var r registry
	var b strings.Builder
	for i, g := range groups {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(g.Name + "\n")
		for d := range r.declarations(reflect.TypeOf(g.Stats)) {
			explain(&b, strings.Replace(d.name, verb, "N", 1), strings.Fields(d.help))
		}
	}
	return b.String()
}

// explain writes one counter and what is said of it.
func explain(b *strings.Builder, name string, words []string) {
	line := fmt.Sprintf("  %-*s", explainName, name)
	if len(name) >= explainName {
		b.WriteString(line + "\n")
		line = strings.Repeat(" ", explainName+2)
	}
	for _, word := range words {
		if len(line)+1+len(word) > explainWidth {
			b.WriteString(line + "\n")
			line = strings.Repeat(" ", explainName+2)
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}
