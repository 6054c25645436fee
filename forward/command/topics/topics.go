// Package topics is what gor help explains besides the commands: what a command's
// flags do not say, for looking things up. Each topic is a text file of lines that fit
// a terminal of 80 columns; that of the accounts is made of what the counters declare
// of themselves.
package topics

import (
	"embed"

	"gor/forward/command"
)

//go:embed *.txt
var texts embed.FS

// All are the topics; accounts writes the list of the counters.
func All(accounts func() string) []command.Topic {
	topic := func(name, usage string) command.Topic {
		return command.Topic{Name: name, Usage: usage, Text: func() string { return text(name) }}
	}
	return []command.Topic{
		topic("alerts", "rules for Prometheus"),
		topic("control", "gor ctl: what a gor that runs can be told"),
		topic("compare", "targets' responses held against production's"),
		topic("environment", "flags from environment variables, as in containers"),
		topic("examples", "commands for what people do"),
		topic("fidelity", "what is the same in a replayed request, and what is not"),
		topic("filters", "how filters and header changes are read"),
		topic("json", "what --json prints and --read takes"),
		topic("kubernetes", "a manifest: a listener on each node, and replayers"),
		topic("limits", "what happens where each bound is reached"),
		topic("security", "secrets, privileges, what is read and sent"),
		topic("status", "the exit status"),
		topic("systemd", "a hardened unit for either side"),
		topic("targets", "what -f takes: limits, and settings of one target alone"),
		topic("where", "what to say on proxies, container hosts, mirror ports"),
		{Name: "accounts", Usage: "every counter, and what it means", Text: func() string { return text("accounts") + accounts() }},
	}
}

// text is a topic's file.
func text(name string) string {
	b, err := texts.ReadFile(name + ".txt")
	if err != nil {
		panic(err) // it is part of the program
	}
	return string(b)
}
