package main

import (
	"bytes"
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"gor/forward/command/control"
	"gor/forward/command/topics"
	"gor/udpwire"
)

// gor runs the program in this process and returns its exit status and output.
func gor(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(args, strings.NewReader(""), &out, &errs)
	return status, out.String(), errs.String()
}

// Every mistake on the command line gives one line that says what is wrong and
// what would be right, and exit status 2.
func TestWrongUsage(t *testing.T) {
	for _, tt := range []struct {
		name string
		args string // separated by blanks
		want string // part of the message
	}{
		{"unknown command", "lisen", `no command "lisen"`},
		{"unknown flag", "listen --foo", "--help lists the flags"},
		{"a slip in a flag", "replay --fowrard http://a", "is it --forward?"},
		{"unknown flag of gor", "--foo", "--help lists the flags"},
		{"flag without value", "listen -p", "-p needs a value"},
		{"stray argument to listen", "listen eth0", `"eth0" is not a flag`},
		{"stray argument to replay", "replay http://a", `"http://a" is not a flag`},
		{"stray argument to doctor", "doctor eth0", `"eth0" is not a flag`},
		{"doctor's port", "doctor -p 0", "1 to 65535"},
		{"doctor's interface", "doctor -i nosuch0", "nosuch0"},
		{"doctor's replayer", "doctor -r :28020", "host is missing"},
		{"doctor's direction", "doctor --direction up", "auto, in, out or both"},
		{"stray argument to demo", "demo now", `"now" is not a flag`},
		{"port zero", "listen -p 0", "1 to 65535"},
		{"port too large", "listen -p 65536", "1 to 65535"},
		{"port name", "listen -p http", "1 to 65535"},
		{"one bad port of several", "listen -p 80,x", "1 to 65535"},
		{"empty port", "listen -p 80,", "1 to 65535"},
		{"unknown interface", "listen -i nosuch0", "nosuch0"},
		{"replay server without host", "listen -r :28020", "host is missing"},
		{"replay server with bad port", "listen -r localhost:x", "1 to 65535"},
		{"replay server with a URL", "listen -r http://replay:28020", "HOST:PORT"},
		{"read and interface", "listen --read f.pcap -i lo", "exclude each other"},
		{"print and json", "listen --print --json", "exclude each other"},
		{"headers and json", "listen --print-headers --json", "exclude each other"},
		{"session without a name", "listen --session cookie", "cookie:NAME, header:NAME, ip or connection"},
		{"session by a bad name", "listen --session header:a,b", "no name of a header"},
		{"share of nothing", "replay -f http://a|5%users", "|10%conn"},
		{"unknown place in a header", "replay --set-header X:{clinet}", "{client_port}"},
		{"bad size", "listen --max-memory lots", "such as 64MiB"},
		{"negative size", "listen --max-memory -1", "such as 64MiB"},
		{"memory without its unit", "listen --max-memory 256", "at least 1MiB"},
		{"request too large", "listen --max-request 2GiB", "at most 1GiB"},
		{"bad duration", "listen --stats 5", `--stats "5": give a duration such as 5s`},
		{"duration without a unit", "replay --timeout 30", `--timeout "30": give a duration such as 30s`},
		{"count below zero", "listen --count -1", "give a whole number"},
		{"one value twice", "replay --timeout 10s --timeout 20s", `--timeout takes one value: "10s" or "20s"`},
		{"empty name of a recording", "listen --read a.pcap, --print", "a name is empty"},
		{"standard input twice", "listen --read - --read - --print", "only once"},
		{"negative duration", "listen --stats -5s", "give a duration"},
		{"bad log format", "listen --log-format xml", "text or json"},
		{"bad regular expression", "listen --allow-path (", "allow-path"},
		{"bad header filter", "listen --allow-header novalue", "allow-header"},
		{"bad method", "listen --method GE(T", "method"},
		{"bad mtu", "listen --mtu 10", "576 to 65535"},
		{"replay port zero", "replay -p 0", "1 to 65535"},
		{"replay address", "replay -ip nowhere", "--ip"},
		{"bad CIDR", "replay --allow 10.0.0.0/33", "10.0.0.0/8"},
		{"target limit zero", "replay -f http://a|0", "|0"},
		{"target limit not a number", "replay -f http://a|x", "|x"},
		{"target limit negative", "replay -f http://a|-1", "|-1"},
		{"target share over a hundred", "replay -f http://a|101%", "101%"},
		{"target scheme", "replay -f ftp://a", "ftp"},
		{"target without host", "replay -f http://", "host"},
		{"target with bad port", "replay -f http://a:99999", "99999"},
		{"empty target", "replay -f http://a,", "target"},
		{"a slip in a target's setting", "replay -f http://a|denypath=/x", "is it deny-path?"},
		{"a target's setting without quotes", "replay -f http://a|method=GET,HEAD", "method='…,…'"},
		{"bad regular expression of a target", "replay -f http://a|deny-path=(", "deny-path"},
		{"set-header without colon", "replay --set-header X", "set-header"},
		{"bad rewrite", "replay --rewrite-path (:x", "rewrite-path"},
		{"client key without certificate", "replay --client-key k.pem", "client-cert"},
		{"negative concurrency", "replay --concurrency -1", "concurrency"},
		{"negative wait", "replay --max-wait -1s", "max-wait"},
		{"speed without a recording", "replay --speed 2", "give them with --read"},
		{"lag of live traffic", "replay --fail-above lag=5ms", "give it with --read"},
		{"one target to compare", "replay -f http://a --compare-to http://a", "give two targets"},
		{"nothing compared, yet something of it", "replay --compare off --ignore x", "exclude each other"},
		{"bad speed", "replay --read a.pcap --speed fast", "--speed \"fast\": give a number such as 2"},
		{"speed zero", "replay --read a.pcap --speed 0", "--speed"},
		{"bad rate", "replay --read a.pcap --rate 10-20", "100-2000/10m"},
		{"speed and rate", "replay --read a.pcap --rate 10 --speed 2", "exclude each other"},
		{"loop zero", "replay --read a.pcap --loop 0", "--loop 0"},
		{"standard input twice", "replay --read - --loop 2", "only once"},
		{"bad report", "replay --read a.pcap --report a.xml", ".html"},
		{"bad threshold", "replay --read a.pcap --fail-above p99=fast", "p99=500ms"},
		{"recording and port", "replay --read a.pcap -p 1234", "--port and --read exclude each other"},
		{"recording read and written", "replay --read a.pcap --write b.pcap", "--write and --read exclude each other"},
		{"no count", "listen --count 0", "--count"},
		{"page without a port", "replay --web 127.0.0.1", "such as 127.0.0.1:8080"},
		{"page on a bad port", "replay --web :http", "such as 127.0.0.1:8080"},
		{"no order", "ctl", "say what to do: status, limit"},
		{"unknown order", "ctl stop", `there is no "stop": use status`},
		{"order without a limit", "ctl limit http://a", `give "limit TARGET N|N%|off"`},
		{"JSON of a limit", "ctl --json limit http://a 1", "--json is for status"},
		{"no duration", "listen --duration 0s", "--duration"},
		{"negative duration of a run", "replay --duration -1s", "--duration"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := gor(t, strings.Fields(tt.args)...)
			if status != 2 || stdout != "" || !strings.Contains(stderr, tt.want) {
				t.Fatalf("status %d, want 2; stdout %q; stderr %q lacks %q", status, stdout, stderr, tt.want)
			}
			if strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "gor: ") {
				t.Errorf("not one line: %q", stderr)
			}
		})
	}
}

// What fails for other reasons gives one line, without the names of packages, and
// exit status 1.
func TestFailure(t *testing.T) {
	notPCAP := filepath.Join(t.TempDir(), "x.pcap")
	if err := os.WriteFile(notPCAP, []byte("this is no capture file at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.LocalAddr().String())
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"UDP port in use", []string{"replay", "-ip", "127.0.0.1", "-p", port}, port},
		{"recording to a folder", []string{"listen", "--read", "testdata/pcaps/purge.pcap", "--write", t.TempDir(), "--json"}, "directory"},
		{"no such file", []string{"listen", "--read", "nosuch.pcap", "--json"}, "nosuch.pcap"},
		{"not a capture file", []string{"listen", "--read", notPCAP, "--json"}, notPCAP},
		{"empty capture file", []string{"listen", "--read", os.DevNull, "--json"}, os.DevNull},
		{"no such secret", []string{"replay", "--secret-file", "nosuch"}, "nosuch"},
		{"empty secret", []string{"replay", "--secret-file", os.DevNull}, "empty"},
		{"no such CA", []string{"replay", "--ca-file", "nosuch"}, "nosuch"},
		{"metrics address in use", []string{"listen", "--read", notPCAP, "--metrics", "256.0.0.1:1"}, "metrics"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, _, stderr := gor(t, tt.args...)
			if status != 1 || !strings.Contains(stderr, tt.want) || strings.Count(stderr, "\n") != 1 {
				t.Fatalf("status %d, want 1; stderr %q, want one line with %q", status, stderr, tt.want)
			}
			if name := regexp.MustCompile(`\b(capture|reassembly|sniffer|udpwire|forward|report): `).FindString(stderr); name != "" {
				t.Errorf("%q stands in %q", name, stderr)
			}
		})
	}
}

// A recording that was delivered whole is a success, one that was not a failure,
// of which one line behind the accounts says what was not delivered.
func TestDelivery(t *testing.T) {
	const two = "testdata/pcaps/two_gets_in_one_segment.pcap" // its requests have less than 100 bytes each
	for _, tt := range []struct {
		name   string
		there  bool // a replayer
		args   []string
		status int
		want   string // what the last line says was lost
		got    int    // messages that the replayer handed on
	}{
		{name: "whole", there: true, got: 2},
		{name: "as many as wanted", there: true, args: []string{"--count", "1"}, got: 1},
		{name: "filtered", there: true, args: []string{"--method", "PUT"}, got: 0},
		{name: "nobody there", status: 1, want: "messages_lost=2"},
		{name: "nobody there until the end", args: []string{"--duration", "300ms"}, status: 1, want: "messages_lost=2"},
		{name: "requests too large", there: true, args: []string{"--max-request", "20"}, status: 1, want: "too_large=2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			recv, err := udpwire.Listen(udpwire.ReceiverConfig{Addr: "127.0.0.1:0"})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			if !tt.there {
				cancel()
			}
			got, ended := 0, make(chan error)
			receive := func() { ended <- recv.Run(ctx, func(*udpwire.Message) { got++ }) }
			go receive()
			if !tt.there {
				<-ended // its port is closed
			}
			status, _, stderr := gor(t, append([]string{"listen", "--read", two, "-p", "80,8080,8000", "-r", recv.Addr().String()}, tt.args...)...)
			if tt.there {
				cancel()
				<-ended
			}
			cancel()
			last := stderr[strings.LastIndex(strings.TrimSpace(stderr), "\n")+1:]
			if status != tt.status || got != tt.got || tt.want != "" && last != "gor: listen: "+two+" was not delivered whole: "+tt.want+"\n" {
				t.Errorf("status %d, want %d; %d messages, want %d; last line %q; all\n%s", status, tt.status, got, tt.got, last, stderr)
			}
			if !strings.Contains(stderr, "accounts after") || !strings.Contains(stderr, "replayers="+recv.Addr().String()) {
				t.Errorf("no accounts, or no replayer in the first line:\n%s", stderr)
			}
		})
	}
}

// The line with which a replayer starts names its targets and their limits: one
// whose limit a shell took for a pipe shows there.
func TestStartLine(t *testing.T) {
	status, _, stderr := gor(t, "replay", "-ip", "127.0.0.1", "-p", freePort(t), "-f", "http://x,http://y#10", "--duration", "1ms")
	const want = `targets="http://x (no limit), http://y (10 per second)"`
	if first, _, _ := strings.Cut(stderr, "\n"); status != 0 || !strings.Contains(first, "msg=replaying") || !strings.Contains(first, want) {
		t.Errorf("status %d; the first line %q lacks %s", status, first, want)
	}
}

// freePort is a UDP port of the loopback that nobody uses.
func freePort(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, port, _ := net.SplitHostPort(c.LocalAddr().String())
	return port
}

// allowedImports are the packages of the program, and what each may import
// besides the standard library; what those import is allowed with them.
var allowedImports = map[string][]string{
	"gor/capture":                    {"golang.org/x/net/bpf", "golang.org/x/sys/unix"},
	"gor/capture/doctor":             {"gor/capture", "golang.org/x/sys/unix"},
	"gor/reassembly":                 {"gor/capture", "gor/reassembly/http1", "gor/reassembly/memory"},
	"gor/reassembly/sniffer":         {"github.com/urfave/cli/v2", "gor/capture", "gor/capture/doctor", "gor/reassembly", "gor/reassembly/answers", "gor/reassembly/http1", "gor/reassembly/recording", "gor/reassembly/users"},
	"gor/reassembly/answers":         {"gor/capture", "gor/reassembly/http1", "gor/reassembly/memory"},
	"gor/reassembly/memory":          {},
	"gor/udpwire":                    {"github.com/urfave/cli/v2", "golang.org/x/sys/unix"},
	"gor/forward":                    {"gor/forward/hist", "gor/forward/sessions", "gor/forward/spelling", "gor/reassembly/http1", "golang.org/x/time/rate", "github.com/urfave/cli/v2"},
	"gor/forward/command":            {"gor/forward/spelling", "github.com/urfave/cli/v2"},
	"gor/forward/command/replay":     {"gor/forward", "gor/forward/command", "gor/forward/playback", "gor/forward/report", "gor/forward/web", "gor/reassembly/sniffer", "gor/udpwire", "github.com/urfave/cli/v2", "gor/forward/command/control", "gor/forward/referee", "gor/forward/results"},
	"gor/forward/command/sending":    {"gor/reassembly", "gor/reassembly/answers", "gor/udpwire"},
	"gor/forward/compare":            {"gor/forward/figures", "gor/forward/compare/diff", "gor/forward/hist", "gor/forward/routes", "gor/reassembly/http1"},
	"gor/forward/compare/diff":       {"gor/forward/sessions", "gor/reassembly/http1"},
	"gor/forward/command/doctor":     {"gor/capture", "gor/capture/doctor", "gor/forward/command", "gor/reassembly/sniffer", "gor/udpwire", "github.com/urfave/cli/v2"},
	"gor/forward/demo":               {"gor/forward/command", "github.com/urfave/cli/v2"},
	"gor/forward/command/topics":     {"gor/forward/command"},
	"gor/forward/demo/live":          {},
	"gor/forward/figures":            {},
	"gor/forward/hist":               {},
	"gor/forward/pace":               {},
	"gor/forward/routes":             {},
	"gor/forward/spelling":           {},
	"gor/forward/sessions":           {},
	"gor/forward/playback":           {"gor/forward", "gor/forward/command", "gor/forward/hist", "gor/forward/pace", "gor/forward/report", "gor/forward/results", "gor/forward/web", "github.com/urfave/cli/v2", "gor/forward/referee"},
	"gor/forward/web":                {"gor/forward", "gor/forward/hist", "gor/forward/report", "gor/forward/routes", "github.com/urfave/cli/v2", "gor/forward/compare"},
	"gor/forward/results":            {"gor/forward/figures", "gor/forward", "gor/forward/hist", "gor/forward/routes", "github.com/urfave/cli/v2", "gor/forward/compare"},
	"gor/forward/report/screen":      {"golang.org/x/sys/unix"},
	"gor/forward/report":             {"gor/forward/figures", "golang.org/x/sys/unix", "gor/forward/report/screen", "gor/forward", "gor/forward/hist", "github.com/urfave/cli/v2", "gor/forward/compare"},
	"gor/forward/referee":            {"gor/forward", "gor/forward/sessions", "gor/forward/compare", "gor/forward/compare/diff", "github.com/urfave/cli/v2"},
	"gor/forward/command/control":    {"golang.org/x/sys/unix", "github.com/urfave/cli/v2"},
	"gor/forward/command/ctl":        {"gor/forward/command", "gor/forward/command/control", "github.com/urfave/cli/v2"},
	"gor":                            {"gor/capture", "gor/reassembly", "gor/reassembly/recording", "gor/reassembly/sniffer", "gor/reassembly/users", "gor/udpwire", "gor/forward", "gor/forward/command", "gor/forward/command/replay", "gor/forward/command/topics", "gor/forward/demo", "gor/forward/report", "gor/forward/command/control", "gor/forward/command/ctl", "gor/capture/doctor", "gor/forward/command/doctor", "gor/forward/command/sending", "gor/reassembly/answers", "github.com/urfave/cli/v2"},
	"gor/reassembly/http1":           {},
	"gor/reassembly/http1/http1test": {"gor/reassembly/http1", "gor/reassembly/recording", "gor/capture", "gor/reassembly", "gor/reassembly/http1"},
	"gor/reassembly/users":           {"gor/reassembly/http1"},
	"gor/reassembly/recording":       {"gor/capture", "gor/reassembly", "gor/reassembly/http1"},
}

// goList returns what go list says of every package, by import path.
func goList(t *testing.T, format string) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}}: "+format, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	said := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		said[name] = strings.Fields(rest)
	}
	return said
}

// The packages import what the design allows and no more, directly and by way
// of others, and nothing uses cgo.
func TestImports(t *testing.T) {
	for name, imports := range goList(t, `{{join .Imports " "}}`) {
		allowed, known := allowedImports[name]
		if !known {
			t.Errorf("package %s is not part of the design", name)
		}
		for _, i := range imports {
			if ours := strings.HasPrefix(i, "gor/"); (ours || strings.Contains(i, ".")) && !slices.Contains(allowed, i) {
				t.Errorf("%s may not import %s", name, i)
			}
			if i == "C" {
				t.Errorf("%s uses cgo", name)
			}
		}
	}
	for name, deps := range goList(t, `{{join .Deps " "}}`) {
		reach := reachable(name)
		for _, d := range deps {
			if strings.HasPrefix(d, "gor/") && !reach[d] {
				t.Errorf("%s may not depend on %s", name, d)
			}
		}
	}
}

// reachable are the packages that the allowed imports lead to from one.
func reachable(name string) map[string]bool {
	reach := map[string]bool{}
	for next := []string{name}; len(next) > 0; next = next[1:] {
		for _, i := range allowedImports[next[0]] {
			if !reach[i] {
				reach[i] = true
				next = append(next, i)
			}
		}
	}
	return reach
}

// The root holds the command, its tests and the folders of the parts.
func TestRoot(t *testing.T) {
	allowed := []string{
		"main.go", "main_test.go", "go.mod", "go.sum", "README.md", ".ci", ".gitignore", ".git",
		"capture", "reassembly", "udpwire", "forward", "testdata", "gor", "gor.exe", // the last two are built, and ignored by git
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s does not belong here", e.Name())
		}
	}
}

// The limits that keep files, types and structs readable.
const (
	maxFileLines    = 400
	maxMethods      = 25
	maxStructFields = 16 // without headings ("// ----") that say which owner each group has
)

// No file is too long, no type has too many methods, no struct too many fields.
func TestHouse(t *testing.T) {
	methods := map[string]int{} // by folder and type
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		if n := files.File(file.Pos()).LineCount(); n > maxFileLines {
			t.Errorf("%s has %d lines, more than %d", path, n, maxFileLines)
		}
		checkStructs(t, path, file)
		built := buildTag(file)
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
				methods[filepath.Dir(path)+"."+receiver(f)+built]++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range methods {
		if n > maxMethods {
			t.Errorf("%s has %d methods, more than %d", name, n, maxMethods)
		}
	}
}

// buildTag tells files for some systems from those for others, which may
// declare the same methods.
func buildTag(file *ast.File) string {
	for _, group := range file.Comments {
		if text := group.List[0].Text; group.Pos() < file.Package && strings.HasPrefix(text, "//go:build !") {
			return " (" + text + ")"
		}
	}
	return ""
}

// receiver is the name of the type that a method belongs to.
func receiver(f *ast.FuncDecl) string {
	t := f.Recv.List[0].Type
	for {
		switch e := t.(type) {
		case *ast.StarExpr:
			t = e.X
		case *ast.IndexExpr: // of a generic type
			t = e.X
		case *ast.IndexListExpr:
			t = e.X
		case *ast.Ident:
			return e.Name
		default:
			return ""
		}
	}
}

// checkStructs fails for a struct with too many fields and no headings.
func checkStructs(t *testing.T, path string, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		s, ok := spec.Type.(*ast.StructType)
		if !ok {
			return true
		}
		headed := slices.ContainsFunc(file.Comments, func(g *ast.CommentGroup) bool {
			return g.Pos() > s.Fields.Opening && g.End() < s.Fields.Closing &&
				slices.ContainsFunc(g.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "// ---") })
		})
		if n := s.Fields.NumFields(); n > maxStructFields && !headed {
			t.Errorf("%s: %s has %d fields, more than %d, and no headings", path, spec.Name.Name, n, maxStructFields)
		}
		return true
	})
}

// allFlags are the flags of every command, as "listen -p".
func allFlags() map[string]bool {
	flags := map[string]bool{}
	for _, cmd := range commands() {
		for _, f := range cmd.Flags {
			for _, name := range f.Names() {
				flags[cmd.Name+" "+dashes(name)] = true
			}
		}
	}
	return flags
}

func dashes(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func readme(t *testing.T) string {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every flag of every command is explained by its help, under a heading.
func TestFlagsExplained(t *testing.T) {
	for _, cmd := range commands() {
		_, help, _ := gor(t, "help", cmd.Name)
		if strings.Contains(help, "\nFlags:\n") {
			t.Errorf("%s: flags without a heading in\n%s", cmd.Name, help)
		}
	}
	for f := range allFlags() {
		cmd, flag, _ := strings.Cut(f, " ")
		_, help, _ := gor(t, "help", cmd)
		if !regexp.MustCompile(`(?m)^  (--?[a-z-]+, )?` + flag + `([ ,]|$)`).MatchString(help) {
			t.Errorf("the help of %s does not explain %s", cmd, flag)
		}
	}
}

// What the README says of flags, in prose too, is said of flags that there are.
func TestReadmeFlags(t *testing.T) {
	flags := map[string]bool{"--help": true}
	for f := range allFlags() {
		_, flag, _ := strings.Cut(f, " ")
		flags[flag] = true
	}
	for _, m := range regexp.MustCompile("`(--[a-z][a-z-]*)").FindAllStringSubmatch(readme(t), -1) {
		if !flags[m[1]] {
			t.Errorf("the README speaks of %s, which does not exist", m[1])
		}
	}
	for _, m := range regexp.MustCompile("`gor help ([a-z]+)`").FindAllStringSubmatch(readme(t), -1) {
		if status, _, stderr := gor(t, "help", m[1]); status != 0 {
			t.Errorf("the README speaks of gor help %s: %s", m[1], stderr)
		}
	}
}

// The environment may set the flags of every command, of each kind that there is.
func TestEnvironment(t *testing.T) {
	t.Setenv("GOR_READ", "testdata/pcaps/two_gets_in_one_segment.pcap")
	t.Setenv("GOR_PORT", "80,8080,8000")
	t.Setenv("GOR_JSON", "true")
	status, stdout, stderr := gor(t, "listen")
	if status != 0 || strings.Count(stdout, `"raw":`) != 2 {
		t.Errorf("status %d, %q, %s", status, stdout, stderr)
	}
	if status, _, stderr := gor(t, "replay"); status != 2 || !strings.HasSuffix(stderr, "(set in the environment: GOR_PORT, GOR_READ)\n") {
		t.Errorf("status %d, %s", status, stderr)
	}
}

// Every gor command in the README's code blocks parses, and every one in a topic.
func TestCommandsSaid(t *testing.T) {
	found := map[string]int{}
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(readme(t), -1) {
		for line := range strings.Lines(block[1]) {
			if _, line, is := strings.Cut(line, "./gor "); is {
				parses(t, line)
				found["README"]++
			}
		}
	}
	for _, topic := range topics.All(accounts) {
		for _, m := range regexp.MustCompile(`(?m)^ +gor ((?:listen|replay|ctl|doctor) .*)$`).FindAllStringSubmatch(topic.Text(), -1) {
			line, _, _ := strings.Cut(m[1], "  ") // what it does
			parses(t, line)
			found[topic.Name]++
		}
	}
	if found["README"] < 7 || found["examples"] < 20 || found["compare"] < 3 {
		t.Errorf("commands found: %v", found)
	}
}

// parses fails unless a command line without its first word is understood.
func parses(t *testing.T, line string) {
	t.Helper()
	for _, end := range []string{" #", " | ", " > "} {
		line, _, _ = strings.Cut(line, end)
	}
	var ran bool
	app := &cli.App{Name: "gor", Writer: io.Discard, ErrWriter: io.Discard, DisableSliceFlagSeparator: true,
		ExitErrHandler: func(*cli.Context, error) {}}
	for _, cmd := range commands() {
		cmd.Action = func(c *cli.Context) error {
			ran = !c.Args().Present() || cmd.ArgsUsage != "" && control.Check(c.Args().Slice()) == nil
			return nil
		}
		app.Commands = append(app.Commands, cmd)
	}
	if err := app.RunContext(context.Background(), append([]string{"gor"}, shellWords(line)...)); err != nil || !ran {
		t.Errorf("%q does not parse: %v", line, err)
	}
}

// The README shows what a terminal showed (TestLivePanes), and is read in five minutes.
func TestReadmeShows(t *testing.T) {
	pane, err := os.ReadFile("testdata/panes/replay-80.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(readme(t), "```\n"+string(pane)+"```\n") {
		t.Errorf("the README shows another view than\n%s", pane)
	}
	prose := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(readme(t), "")
	if all, prose := len(strings.Fields(readme(t))), len(strings.Fields(prose)); all > 1400 || prose > 950 {
		t.Errorf("the README has %d words, %d of them outside its commands and what they show", all, prose)
	}
}

// shellWords splits a line as a shell does, as far as the README needs it.
func shellWords(line string) []string {
	var words []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, m[1]+m[2]+m[3])
	}
	return words
}

// Help explains every command in lines that a terminal of 80 columns shows,
// and names a default only once and only where it says something.
func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"help", "listen"}, {"help", "replay"}, {"help", "doctor"}, {"help", "where"}, {"help", "demo"}, {"help", "accounts"}, {"help", "limits"}} {
		status, stdout, stderr := gor(t, args...)
		if status != 0 || stderr != "" || len(args) < 2 && !strings.HasPrefix(stdout, "gor") {
			t.Fatalf("%v: status %d, %q, %q", args, status, stdout, stderr)
		}
		for line := range strings.Lines(stdout) {
			if n := utf8.RuneCountInString(line) - 1; n > 80 {
				t.Errorf("%v: %d columns: %s", args, n, line)
			}
			if strings.Count(line, "(default: ") > 1 || strings.Contains(line, "(default: 0)") {
				t.Errorf("%v: %s", args, line)
			}
		}
	}
}

// TestExplain: listen says why it did not hand a request on, of a recording, too.
func TestExplain(t *testing.T) {
	args := []string{"listen", "--read", "testdata/pcaps/two_gets_in_one_segment.pcap", "-p", "80,8080,8000", "--method", "PUT", "--print"}
	if _, stdout, stderr := gor(t, append(args, "--explain")...); stdout != "" || strings.Count(stderr, `msg="not handed on"`) != 2 || strings.Count(stderr, "fate=filtered") != 2 {
		t.Errorf("stdout %q, stderr\n%s", stdout, stderr)
	}
	if _, _, stderr := gor(t, args...); strings.Contains(stderr, "not handed on") {
		t.Errorf("though nobody asked:\n%s", stderr)
	}
}

// TestRecordingToStdout: a recording may go to standard output, where nothing else
// may; who reads it may have seen enough.
func TestRecordingToStdout(t *testing.T) {
	const two = "testdata/pcaps/two_gets_in_one_segment.pcap"
	status, stdout, stderr := gor(t, "listen", "--read", two, "-p", "80,8080,8000", "--write", "-")
	if status != 0 || !strings.HasPrefix(stdout, "\x4d\x3c\xb2\xa1\x02\x00\x04\x00") || !strings.Contains(stdout, "GET ") || strings.Contains(stderr, "wire") {
		t.Errorf("status %d, %q, %s", status, stdout, stderr)
	}
	r, w := io.Pipe()
	r.CloseWithError(syscall.EPIPE)
	var errs bytes.Buffer
	if status := run([]string{"listen", "--read", two, "--write", "-"}, strings.NewReader(""), w, &errs); status != 1 || !strings.Contains(errs.String(), "record: broken pipe") {
		t.Errorf("nobody reads: status %d: %s", status, errs.String())
	}
	file := &closedSoon{left: 30}
	errs.Reset()
	if status := run([]string{"listen", "--read", two, "-p", "80,8080,8000", "--write", "-"}, strings.NewReader(""), file, &errs); status != 0 || strings.Contains(errs.String(), "WARN") {
		t.Errorf("the reader has seen enough: status %d: %s", status, errs.String())
	}
}

// A closedSoon is a pipe whose reader goes away.
type closedSoon struct{ left int }

func (c *closedSoon) Write(b []byte) (int, error) {
	n := min(len(b), c.left)
	if c.left -= n; n < len(b) {
		return n, syscall.EPIPE
	}
	return n, nil
}
