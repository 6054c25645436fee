package report

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	summaryWidth = 100 // columns of the final accounts for people
	maxIndent    = 11  // of a line that goes on with the one before
)

// appendSummary appends the final accounts for people: a few lines for each
// group, and a table of the targets.
func (r *Reporter) appendSummary(dst []byte, s Snapshot) []byte {
	for _, g := range s.Groups {
		dst = r.appendGroup(dst, g, s.Words[g.Name])
	}
	if len(s.Targets) > 0 {
		dst = r.appendTargets(dst, s.Targets)
	}
	if s.Lacks != "" {
		dst = appendItems(dst, fmt.Sprintf("  %-9s", "wrong"), strings.Fields(s.Lacks))
	}
	return dst
}

// appendGroup writes a group's words, if it has any, and its counters, but for the
// zeros, in lines of readable length.
func (r *Reporter) appendGroup(out []byte, g Group, words string) []byte {
	head := fmt.Sprintf("  %-9s", g.Name)
	if words != "" {
		out = append(append(append(out, head...), " "+words...), '\n')
		head = fmt.Sprintf("  %-9s", "")
	}
	var items []string
	for d, n := range r.declared.counters(g.Stats) {
		if n != 0 && !d.passing {
			items = append(items, fmt.Sprintf("%s=%d", d.name, n))
		}
	}
	if items == nil {
		items = []string{"nothing"}
	}
	return appendItems(out, head, items)
}

// appendItems appends a head and items behind it, in as many lines as they take.
func appendItems(out []byte, head string, items []string) []byte {
	line := head
	for _, item := range items {
		if len(line)+1+len(item) > summaryWidth && len(line) > len(head) {
			out = append(append(out, line...), '\n')
			line = strings.Repeat(" ", min(utf8.RuneCountInString(head), maxIndent))
		}
		line += " " + item
	}
	return append(append(out, line...), '\n')
}
