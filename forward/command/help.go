package command

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// helpWidth is how many columns the texts of help take at most, and usageColumn
// is where the explanations of the flags begin.
const (
	helpWidth   = 80
	usageColumn = 27
)

// A Topic is what gor help NAME explains besides the commands.
type Topic struct {
	Name, Usage string
	Text        func() string // in lines of at most 80 columns
}

// help is the text of gor --help.
func (a *App) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "gor: %s\n\nUsage: gor COMMAND [FLAGS]\n\nCommands:\n", a.Usage)
	for _, c := range a.Commands {
		writeEntry(&b, c.Name, strings.Fields(c.Usage)...)
	}
	writeEntry(&b, "help", strings.Fields("explain gor, or a command or topic by its name")...)
	writeEntry(&b, "version", "print the version, as --version does")
	b.WriteString("\ngor COMMAND --help explains a command's flags.\n")
	if len(a.Topics) > 0 {
		b.WriteString("\ngor help TOPIC explains a topic:\n")
	}
	for _, t := range a.Topics {
		writeEntry(&b, t.Name, strings.Fields(t.Usage)...)
	}
	return b.String()
}

// commandHelp is the text of a command's --help.
func commandHelp(c *cli.Command) string {
	var b strings.Builder
	writeWords(&b, "gor "+c.Name+":", 0, strings.Fields(c.Usage))
	if c.UsageText != "" {
		b.WriteString("\nFor instance:\n")
		for line := range strings.Lines(c.UsageText) {
			b.WriteString("  " + strings.TrimSuffix(line, "\n") + "\n")
		}
	}
	for _, group := range groups(c.Flags) {
		fmt.Fprintf(&b, "\n%s:\n", cmp.Or(group, "Flags"))
		for _, f := range c.Flags {
			if categoryOf(f) == group {
				writeFlag(&b, f.(cli.DocGenerationFlag))
			}
		}
	}
	if len(c.Flags) > 0 {
		first := c.Flags[0].Names()[0]
		fmt.Fprintf(&b, "\nThe environment may set any flag instead: %s is --%s.\n", EnvName(first), first)
	}
	return b.String()
}

// groups are the headings that flags stand under, in the order of the first of each.
func groups(flags []cli.Flag) (all []string) {
	for _, f := range flags {
		if group := categoryOf(f); !slices.Contains(all, group) {
			all = append(all, group)
		}
	}
	return all
}

// categoryOf is the heading that a flag stands under.
func categoryOf(f cli.Flag) string {
	if c, ok := f.(cli.CategorizableFlag); ok {
		return c.GetCategory()
	}
	return ""
}

// writeFlag writes what a flag says of itself: its names, the name of its value,
// which stands in back quotes in its usage, the usage, and the default if it has
// one that says something.
func writeFlag(b *strings.Builder, f cli.DocGenerationFlag) {
	var names []string
	for _, name := range f.Names() {
		names = append(names, dashes(name)+name)
	}
	if len(names) > 1 && len(names[0]) > len(names[1]) { // the short name is an alias
		names[0], names[1] = names[1], names[0]
	}
	value, usage := splitUsage(f)
	entry := strings.Join(names, ", ")
	if f.TakesValue() {
		entry += " " + value
	}
	words := strings.Fields(usage)
	switch d := strings.Trim(f.GetDefaultText(), `"`); d {
	case "", "0", "0s", "false":
	default:
		if strings.HasSuffix(d, "m0s") {
			d = strings.TrimSuffix(d, "0s")
		}
		words = append(words, "(default: "+d+")")
	}
	writeEntry(b, entry, words...)
}

// splitUsage takes the name of the value out of a flag's usage. A usage that has
// none gets one that says what the value is.
func splitUsage(f cli.DocGenerationFlag) (value, text string) {
	before, rest, _ := strings.Cut(f.GetUsage(), "`")
	value, after, found := strings.Cut(rest, "`")
	if found {
		return value, before + value + after
	}
	value = "VALUE"
	switch f.(type) {
	case *cli.DurationFlag:
		value = "TIME"
	case *cli.IntFlag:
		value = "NUMBER"
	}
	return value, f.GetUsage()
}

// writeEntry writes a name and, beside it or below it where it is long, what is
// to be said about it, in as many lines as its words take.
func writeEntry(b *strings.Builder, name string, words ...string) {
	line := "  " + name
	if len(line)+2 > usageColumn {
		b.WriteString(line + "\n")
		line = ""
	}
	writeWords(b, line+strings.Repeat(" ", usageColumn-1-len(line)), usageColumn-1, words)
}

// writeWords writes words behind the beginning of a line, in as many lines as they
// take, of which the further ones are indented.
func writeWords(b *strings.Builder, line string, indent int, words []string) {
	for _, word := range words {
		if len(line)+1+len(word) > helpWidth {
			b.WriteString(line + "\n")
			line = strings.Repeat(" ", indent)
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

// verbatim is the template that yields a text as it is.
func verbatim(text string) string { return fmt.Sprintf("{{%q}}", text) }

// helpCommand is gor help.
func (a *App) helpCommand() *cli.Command {
	return &cli.Command{
		Name: "help", CustomHelpTemplate: verbatim(a.help()), OnUsageError: onUsageError,
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return cli.ShowAppHelp(c)
			}
			name := c.Args().First()
			for _, command := range a.Commands {
				if command.Name == name {
					_, err := fmt.Fprint(c.App.Writer, commandHelp(command))
					return err
				}
			}
			for _, t := range a.Topics {
				if t.Name == name {
					_, err := fmt.Fprint(c.App.Writer, t.Text())
					return err
				}
			}
			return a.noTopic(name)
		},
	}
}
