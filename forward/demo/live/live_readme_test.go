//go:build linux

package live

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A reader does what the README says: the commands of its blocks as they are written,
// in a folder with gor in it, on machines that know each other by the README's names.
type reader struct {
	t     *testing.T
	page  string
	dir   string
	hosts string // a file as /etc/hosts
}

func newReadmeReader(t *testing.T) *reader {
	t.Helper()
	needTools(t, "unshare", "mount")
	page, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{t: t, page: string(page), dir: t.TempDir()}
	copyBinary(t, r.dir)
	r.hosts = filepath.Join(r.dir, "hosts")
	if err := os.WriteFile(r.hosts, []byte("127.0.0.1 localhost\n"+stageIP+" staging dev replay.local\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

// block is the lines of a block of commands below a heading, of which it has so many.
func (r *reader) block(heading string, which, lines int) []string {
	r.t.Helper()
	_, section, _ := strings.Cut(r.page, "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)\n```").FindAllStringSubmatch(section, -1)
	if which >= len(blocks) {
		r.t.Fatalf("%s: %d blocks of commands", heading, len(blocks))
	}
	all := strings.Split(blocks[which][1], "\n")
	if len(all) != lines {
		r.t.Fatalf("%s: %q", heading, all)
	}
	return all
}

// do types a line on a machine. What runs there is asked at a socket of its own.
func (r *reader) do(n *namespace, line string) *process {
	r.t.Helper()
	line = strings.TrimPrefix(line, "sudo ") // it is root who reads here
	return n.start(func(cmd *exec.Cmd) {
		cmd.Dir, cmd.Env = r.dir, append(os.Environ(), "HOSTS="+r.hosts, "GOR_CONTROL="+filepath.Join(r.dir, strconv.Itoa(n.tid)))
	}, "unshare", "-m", "sh", "-c", `mount --bind "$HOSTS" /etc/hosts && `+strings.Replace(line, "./gor", "exec ./gor", 1))
}

// start types the two lines below a heading, of the replayer and of the listener.
func (r *reader) start(m *mirror, heading string) {
	r.t.Helper()
	lines := r.block(heading, 0, 2)
	m.replayer = r.do(m.stage, lines[0])
	m.replayer.await("msg=replaying")
	m.listener = r.do(m.web, lines[1])
	m.listener.await("msg=listening")
}

// TestReadmeMirror runs the README's listener and replayer, and asks and changes that as
// it says.
func TestReadmeMirror(t *testing.T) {
	m := newMirror(t)
	m.startServer()
	m.stage.newSink(":80")
	r := newReadmeReader(t)
	r.start(m, "Run it for real")
	m.run(m.newLoad(1, 8))
	orders := regexp.MustCompile("`gor (ctl [^`]*)`").FindAllStringSubmatch(r.page, -1)
	for _, order := range orders {
		p := r.do(m.stage, "./gor "+order[1])
		if code := p.wait(); code != 0 {
			t.Errorf("%s: status %d\n%s", order[1], code, p.stderr.String())
		}
	}
	m.listener.interrupt()
	m.replayer.interrupt()
	said := m.replayer.stderr.String()
	if len(orders) < 2 || !strings.Contains(said, "the limit is 50 now") || !strings.Contains(said, "http://staging: 200=8") || !strings.Contains(said, "http://dev: 200=8") {
		t.Errorf("orders %q\n%s", orders, said)
	}
}

// TestReadmeAnswers has production's answers compared as the README says.
func TestReadmeAnswers(t *testing.T) {
	m := newMirror(t)
	m.startNginx()
	m.stage.newSink(":80")
	r := newReadmeReader(t)
	r.start(m, "Is the new version all right?")
	l := m.newLoad(1, 400)
	l.newConn = true // of which a tenth are looked at
	m.run(l)
	m.listener.interrupt()
	m.replayer.interrupt()
	if !strings.Contains(m.replayer.stderr.String(), "http://staging, compared with production") {
		t.Errorf("nothing was compared:\n%s\n%s", m.listener.stderr.String(), m.replayer.stderr.String())
	}
	if page := readFile(t, filepath.Join(r.dir, "new.html")); !strings.Contains(page, "http://staging") {
		t.Errorf("the page:\n%s", page)
	}
}

// TestReadmeBuilds has two builds compared as the README says.
func TestReadmeBuilds(t *testing.T) {
	m := newMirror(t)
	m.startNginx()
	for addr, answer := range map[string]string{"127.0.0.1:8001": `{"stock":17}`, "127.0.0.1:8002": `{}`} {
		build := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, answer)
		})}
		go build.Serve(m.web.listen(addr))
		t.Cleanup(func() { build.Close() })
	}
	r := newReadmeReader(t)
	record := r.do(m.web, "./gor listen -p 80 --write users.pcap.gz --print --count 200")
	record.await("msg=listening")
	m.run(m.newLoad(1, 200))
	if code := record.wait(); code != 0 {
		t.Fatalf("status %d\n%s", code, record.stderr.String())
	}
	line := r.block("Is the new version all right?", 1, 1)[0]
	p := r.do(m.web, line)
	code, said := p.wait(), p.stderr.String()
	if scheduleKept(t, p, code) && code != 0 || !strings.Contains(said, "compared=200 same=0 different=200") || !strings.Contains(said, "$.stock missing in 200: 17 -> (nothing)") {
		t.Errorf("%s: status %d\n%s", line, code, said)
	}
}

// TestReadmeDoctor asks what is wrong as the README says, where another port has the
// requests.
func TestReadmeDoctor(t *testing.T) {
	m := newMirror(t)
	m.web.newSink(":8080")
	m.await("10.99.1.1:8080")
	r := newReadmeReader(t)
	m.replayer = r.do(m.stage, r.block("Run it for real", 0, 2)[0])
	m.replayer.await("msg=replaying")
	l := m.newLoad(1, 1500)
	l.to, l.rate = "10.99.1.1:8080", 500
	ran := make(chan error, 1)
	go func() { ran <- l.run() }()
	line := r.block("When nothing is seen", 0, 1)[0]
	p := r.do(m.web, line)
	code, said := p.wait(), p.stdout.String()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	l.close()
	if code == 0 || !strings.Contains(said, "-> -p 8080") || !strings.Contains(said, "replay.local:28020") {
		t.Errorf("%s: status %d\n%s%s", line, code, said, p.stderr.String())
	}
}
