package command

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

// Version says which version of the program this is.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return versionOf(info)
}

// versionOf is the version in what the go tool writes into a binary: that of the
// module where it has one, else the commit it was built from.
func versionOf(info *debug.BuildInfo) string {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if revision == "" {
		return cmp.Or(info.Main.Version, "(devel)") // built outside a clone, or with -buildvcs=false
	}
	text := fmt.Sprintf("commit %.12s", revision)
	if at := settings["vcs.time"]; at != "" {
		text += " of " + at
	}
	if settings["vcs.modified"] == "true" {
		text += ", with changes"
	}
	return text
}

// versionCommand is gor version.
func (a *App) versionCommand() *cli.Command {
	return &cli.Command{
		Name: "version", CustomHelpTemplate: verbatim(a.help()), Before: noArguments, OnUsageError: onUsageError,
		Action: func(c *cli.Context) error {
			cli.ShowVersion(c)
			return nil
		},
	}
}
