package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"gor/forward/spelling"
)

// App is the program: its commands, and what it reads and writes.
type App struct {
	// Usage says what the program is for, in one line.
	Usage string

	// Commands are all there are, beside help and version. They take flags only, but
	// for those with an ArgsUsage, and each flag may be set in the environment instead
	// (EnvName).
	Commands []*cli.Command

	// Topics are what gor help explains besides the commands.
	Topics []Topic

	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Run runs the command that args, which lack the program's name, ask for, says on
// standard error why it failed, if it did, and returns the exit status.
func (a *App) Run(ctx context.Context, args []string) int {
	err := a.checkOnce(args)
	if err == nil {
		var stray error
		app := a.cli()
		app.CommandNotFound = func(c *cli.Context, _ string) { stray = noArguments(c) } // gor COMMAND --help WORD
		err = cmp.Or(app.RunContext(ctx, append([]string{"gor"}, args...)), stray)
	}
	if err == nil {
		return 0
	}
	err = a.fromEnvironment(args, err)
	fmt.Fprintf(a.Stderr, "gor: %v\n", err)
	if coded := cli.ExitCoder(nil); errors.As(err, &coded) && coded.ExitCode() > 0 {
		return coded.ExitCode()
	}
	return 1
}

// checkOnce looks for flags of the command that args ask for that are given twice.
func (a *App) checkOnce(args []string) error {
	for _, c := range a.Commands {
		if len(args) > 0 && c.Name == args[0] {
			return givenTwice(c, args[1:])
		}
	}
	return nil
}

// cli is the program as the cli package knows it. That package's own help takes
// lines as wide as they come, and knows no help for a command that has none of
// its own below it: the texts are ours.
func (a *App) cli() *cli.App {
	for _, c := range a.Commands {
		if c.OnUsageError = onUsageError; c.ArgsUsage == "" {
			c.Before = noArguments
		}
		bindEnvironment(c.Flags)
		c.CustomHelpTemplate = verbatim(commandHelp(c))
	}
	return &cli.App{
		Name:                      "gor",
		Usage:                     a.Usage,
		Version:                   Version(),
		Reader:                    a.Stdin,
		Writer:                    a.Stdout,
		ErrWriter:                 a.Stderr,
		CustomAppHelpTemplate:     verbatim(a.help()),
		DisableSliceFlagSeparator: true,                     // regular expressions contain commas
		Flags:                     []cli.Flag{cli.HelpFlag}, // which the package leaves out where help is a command
		HideHelpCommand:           true,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              onUsageError,
		Commands:                  append(slices.Clone(a.Commands), a.helpCommand(), a.versionCommand()),
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return a.noCommand(c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
}

// noCommand is the error of asking for a command that there is not.
func (a *App) noCommand(name string) error {
	names := make([]string, len(a.Commands))
	for i, c := range a.Commands {
		names[i] = c.Name
	}
	last := len(names) - 1
	return UsageError("there is no command %q: use %s or %s", name, strings.Join(names[:last], ", "), names[last])
}

// noTopic is the error of asking for help on what is no command and no topic: the
// nearest of these, or all topics.
func (a *App) noTopic(name string) error {
	var names, all []string
	for _, t := range a.Topics {
		names = append(names, t.Name)
	}
	for _, c := range a.Commands {
		all = append(all, c.Name)
	}
	slices.Sort(names)
	if near := spelling.Nearest(name, append(all, names...)); near != "" {
		return UsageError("there is no command or topic %q: is it gor help %s? (gor help lists all)", name, near)
	}
	return UsageError("there is no command or topic %q: the topics are %s", name, strings.Join(names, ", "))
}

func noArguments(c *cli.Context) error {
	if !c.Args().Present() {
		return nil
	}
	return UsageError("%s: %q is not a flag: %[1]s takes flags only", c.Command.Name, c.Args().First())
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	name := "gor"
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != "gor" {
		name += " " + c.Command.Name
		err = explain(c.Command.Flags, err)
	}
	return UsageError("%w (%s --help lists the flags)", err, name)
}

// explain says in our words what the flag package says in its own, and what would
// be right where that says only that a value cannot be read: `invalid value "30" for flag -timeout: parse error`.
func explain(flags []cli.Flag, err error) error {
	if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
		if near := nearest(flags, name); near != "" {
			return fmt.Errorf("there is no flag %s%s: is it %s?", dashes(name), name, near)
		}
		return fmt.Errorf("there is no flag %s%s", dashes(name), name)
	}
	if name, ok := strings.CutPrefix(err.Error(), "flag needs an argument: -"); ok {
		return fmt.Errorf("%s%s needs a value", dashes(name), name)
	}
	if names, ok := strings.CutPrefix(err.Error(), "Cannot use two forms of the same flag: "); ok {
		for _, name := range strings.Fields(names) {
			names = strings.Replace(names, name, dashes(name)+name, 1)
		}
		return fmt.Errorf("%s are one flag: use one of its names", strings.Replace(names, " ", " and ", 1))
	}
	var value, name, said string // said: what gave the value, a flag or a variable
	if m := regexp.MustCompile(`^invalid (?:boolean )?value "(.*)" for (?:flag )?-([a-z-]+): `).FindStringSubmatch(err.Error()); m != nil {
		value, name, said = m[1], m[2], "--"+m[2]
	} else if m := regexp.MustCompile(`^could not parse "(.*)" as .* from environment variable "(\w+)" for flag ([a-z-]+): `).FindStringSubmatch(err.Error()); m != nil {
		value, name, said = m[1], m[3], m[2]
	}
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return err
	}
	switch flags[i].(type) {
	case *cli.DurationFlag:
		example := "30s"
		if _, err := strconv.ParseUint(value, 10, 16); err == nil {
			example = value + "s"
		}
		return fmt.Errorf("%s %q: give a duration such as %s", said, value, example)
	case *cli.IntFlag, *cli.Uint64Flag:
		return fmt.Errorf("%s %q: give a whole number", said, value)
	case *cli.BoolFlag:
		if said == EnvName(name) {
			return fmt.Errorf("%s %q: give true or false", said, value)
		}
		return fmt.Errorf("%s %q: give no value, or true or false behind =", said, value)
	}
	return err
}

// dashes are what stands before a flag's name: two, but one before a single letter.
func dashes(name string) string {
	if len(name) == 1 {
		return "-"
	}
	return "--"
}

// UsageError is a mistake on the command line: exit status 2.
func UsageError(format string, args ...any) error { return cli.Exit(fmt.Errorf(format, args...), 2) }
