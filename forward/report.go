package forward

// AppendLine appends one line, without a line end, that says what the targets
// did: for the log or a terminal. It is meant for an Interval.
func AppendLine(dst []byte, stats []TargetStats) []byte { return dst }

// AppendTable appends a table of the targets' accounts.
func AppendTable(dst []byte, stats []TargetStats) []byte { return dst }

// AppendMetrics appends the accounts in Prometheus' text format.
func AppendMetrics(dst []byte, stats []TargetStats) []byte { return dst }
