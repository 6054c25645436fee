package report

import (
	"bytes"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestLibraryLog: what the standard library logs comes in the logger's form, and only
// where more was asked for.
func TestLibraryLog(t *testing.T) {
	flags := log.Flags()
	t.Cleanup(func() { log.SetOutput(os.Stderr); log.SetFlags(flags) })
	for _, tt := range []struct{ args, want string }{
		{"gor", ""},
		{"gor --verbose --log-format json", `"level":"DEBUG","msg":"the library says","text":"protocol error: received \"x\""}`},
	} {
		var errs bytes.Buffer
		app := &cli.App{Flags: Flags(), ErrWriter: &errs, Action: func(c *cli.Context) error {
			_, err := LoggerFromFlags(c)
			log.Printf("protocol error: received %q", "x")
			return err
		}}
		if err := app.Run(strings.Fields(tt.args)); err != nil {
			t.Fatal(err)
		}
		if got := errs.String(); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q", tt.args, got)
		}
	}
}
