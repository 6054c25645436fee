package web

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A browser is a Chromium without a window, told what to do through a pipe: messages
// of JSON, each with a zero byte behind it.
type browser struct {
	t       *testing.T
	to      *os.File
	session string // of its one tab

	mu      sync.Mutex
	id      int
	answers map[int]chan json.RawMessage
	trouble []string // what the page's console says, and its errors
}

// newBrowser starts one, with an empty tab.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium")
	}
	profile, err := os.MkdirTemp("", "gor-test-")
	if err != nil {
		t.Fatal(err)
	}
	fromTest, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, toTest, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
		"--hide-scrollbars", "--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{fromTest, toTest}
	inGroup(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fromTest.Close()
	toTest.Close()
	b := &browser{t: t, to: to, answers: map[int]chan json.RawMessage{}}
	var wg sync.WaitGroup
	wg.Go(func() { b.read(from) })
	t.Cleanup(func() {
		killGroup(cmd)
		cmd.Wait()
		for range 100 { // the last of its processes may still write
			if os.RemoveAll(profile) == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		to.Close()
		wg.Wait()
		from.Close()
	})
	return b
}

// tab opens an empty tab for a test; the one before is left as it is.
func (b *browser) tab(t *testing.T) {
	t.Helper()
	b.t = t
	b.use("")
	target := b.text(b.call("Target.createTarget", map[string]any{"url": "about:blank"}), "targetId")
	b.use(b.text(b.call("Target.attachToTarget", map[string]any{"targetId": target, "flatten": true}), "sessionId"))
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil)
	}
}

// use makes a tab the one that is spoken to and listened to.
func (b *browser) use(session string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.session, b.trouble = session, nil
}

// A message is what comes from the browser.
type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
	Tab    string          `json:"sessionId"`
}

// read hands answers to who waits for them, and keeps what the page complains of.
func (b *browser) read(from *os.File) {
	in := bufio.NewReader(from)
	for {
		text, err := in.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		switch {
		case m.ID > 0:
			if m.Error != nil {
				m.Result = m.Error
			}
			b.answers[m.ID] <- m.Result
			delete(b.answers, m.ID)
		case m.Tab != b.session: // one that a test before has left
		case m.Method == "Runtime.exceptionThrown", m.Method == "Log.entryAdded", m.Method == "Runtime.consoleAPICalled":
			b.trouble = append(b.trouble, string(m.Params))
		}
		b.mu.Unlock()
	}
}

// call has the browser do something, and returns what it answers.
func (b *browser) call(method string, params map[string]any) map[string]json.RawMessage {
	b.t.Helper()
	if params == nil {
		params = map[string]any{}
	}
	b.mu.Lock()
	b.id++
	answer := make(chan json.RawMessage, 1)
	b.answers[b.id] = answer
	request := map[string]any{"id": b.id, "method": method, "params": params}
	if b.session != "" {
		request["sessionId"] = b.session
	}
	text, err := json.Marshal(request)
	if err == nil {
		_, err = b.to.Write(append(text, 0))
	}
	b.mu.Unlock()
	if err != nil {
		b.t.Fatal(err)
	}
	select {
	case result := <-answer:
		var fields map[string]json.RawMessage
		if json.Unmarshal(result, &fields) != nil || fields["message"] != nil {
			b.t.Fatalf("%s: %s", method, result)
		}
		return fields
	case <-time.After(30 * time.Second):
		b.t.Fatalf("%s: no answer", method)
		return nil
	}
}

// eval evaluates an expression in the page, as a text.
func (b *browser) eval(expression string) string {
	b.t.Helper()
	value, failed := b.tryEval(expression)
	if failed != "" {
		b.t.Fatalf("%s: %s", expression, failed)
	}
	return value
}

func (b *browser) tryEval(expression string) (value, failed string) {
	b.t.Helper()
	fields := b.call("Runtime.evaluate", map[string]any{"expression": "String(" + expression + ")", "returnByValue": true})
	var result struct{ Value string }
	b.decode(fields["result"], &result)
	return result.Value, string(fields["exceptionDetails"])
}

// await waits until an expression is what it should be; a page that is not there yet
// has no value.
func (b *browser) await(expression, want string) {
	b.t.Helper()
	got, failed := "", ""
	for limit := time.Now().Add(30 * time.Second); time.Now().Before(limit); time.Sleep(50 * time.Millisecond) {
		if got, failed = b.tryEval(expression); got == want && failed == "" {
			return
		}
	}
	b.t.Fatalf("%s is %q, not %q; %s; the page says %s", expression, got, want, failed, b.complaints())
}

// open goes to a page, on a screen of this width.
func (b *browser) open(url string, width int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}})
	b.call("Page.navigate", map[string]any{"url": url})
}

// shot takes a picture of the whole page, into a folder if one is wanted.
func (b *browser) shot(name string, width int) []byte {
	b.t.Helper()
	height, err := strconv.Atoi(b.eval("document.documentElement.scrollHeight"))
	if err != nil {
		b.t.Fatal(err)
	}
	fields := b.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true,
		"clip": map[string]any{"x": 0, "y": 0, "width": width, "height": height, "scale": 1}})
	var png []byte // which JSON has in base64
	b.decode(fields["data"], &png)
	if dir := os.Getenv("GOR_TEST_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	return png
}

// text is a text of an answer.
func (b *browser) text(fields map[string]json.RawMessage, name string) (s string) {
	b.t.Helper()
	b.decode(fields[name], &s)
	return s
}

func (b *browser) decode(text json.RawMessage, into any) {
	b.t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		b.t.Fatalf("%s: %v", text, err)
	}
}

// complaints are what the page complained of since they were asked for last.
func (b *browser) complaints() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := strings.Join(b.trouble, "\n")
	b.trouble = nil
	return all
}
