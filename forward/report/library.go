package report

import (
	"bytes"
	"context"
	"log"
	"log/slog"
)

// A libraryLog is where the standard library's own log goes. net/http writes there of
// connections that break its rules, with bytes that came on them, in no form that a
// reader of JSON understands; what becomes of the requests is in the accounts.
type libraryLog struct{ log *slog.Logger }

// takeLibraryLog makes the process's standard log write to logger, for those who ask
// for more: nobody but the logger writes to standard error.
func takeLibraryLog(logger *slog.Logger) {
	log.SetFlags(0)
	log.SetOutput(libraryLog{logger})
}

// Write logs one message of the standard log.
func (l libraryLog) Write(p []byte) (int, error) {
	l.log.Log(context.Background(), slog.LevelDebug, "the library says", "text", string(bytes.TrimSpace(p)))
	return len(p), nil
}
