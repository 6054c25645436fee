// Package results is what replaying came to, a recording most often, and how that is shown.
//
//	forward.Outcome --> Ledger --> Run --> table, JSON, CSV, HdrHistogram's text, HTML
//	 (each request)                  |
//	                              Verdict --> exit status
//
// Live traffic has results, too, where they are asked for: it has no schedule, and ends
// when somebody ends it.
//
// A Ledger takes down each request that was started: in a Tally for its target and
// in one for its route, in the Timeline, and in the Lateness. At the end a Run has
// all that, and Judge holds it against thresholds. Read run.go first, then ledger.go.
//
// # Two latencies
//
// Latency is the time from when a request was due to the end of its response,
// service time that from when it was sent. They are the same as long as all goes
// well. A target that stops for five seconds makes few responses slow, but many
// requests late: service time hides that, latency shows it (Gil Tene calls this
// coordinated omission). Without a schedule (--speed max) nothing is due, and
// latency is service time. Requests that failed count in both; one that was never
// sent, since its target was out of reach, has no service time.
//
// # Late, and why
//
// What a request waited for between due and sent has three causes: the target (the
// request before on its connection had no response yet; as many requests as may be
// were in flight; it was out of reach; it had no more room), the target's limit |N,
// and gor itself. Only the last says that the run measured the wrong thing: if more than
// one request in a hundred, and more than five, were late by more than 10 ms because of
// gor, the run is not valid, and the exit status is 4.
//
// # The JSON report
//
// One object. All times are in nanoseconds. "gor_report" is the version of this
// shape: fields may be added within a version, nothing else changes.
//
//	{
//	  "gor_report": 1,
//	  "source": "a.pcap",             what was replayed; of a run over the wire, "live traffic"
//	  "pace": "as recorded",          how fast, in words
//	  "scheduled": true,              requests were due at times of their own
//	  "loops": 1,                     how often
//	  "began": "2026-01-02T03:04:05.678901234Z",
//	  "elapsed": 12000000000,
//	  "read": 12000,                  requests, of all loops
//	  "whole": true,                  that was all of the recording
//	  "interrupted": false,           a signal ended the run before all was played
//	  "exit_status": 0,               1: interrupted, or nothing was compared, 3: a threshold, 4: the schedule; see the command's documentation
//	  "thresholds": [{"target": "http://staging", "threshold": "p99=500ms", "value": "31.2ms", "exceeded": false}],
//	  "targets": [{
//	    "target": "http://staging",
//	    "accounts": {"started", "answered", "failed", "sampled_out", "filtered", "unsupported", "skipped"},
//	                                  read = started + sampled_out + filtered + unsupported + skipped, started = answered + failed
//	    "status": {"200": 11900},     responses by code
//	    "failures": {"timeout": 3},   by kind
//	    "errors": 3,                  failed, and answered with 500 and above
//	    "latency": HISTOGRAM,         since each request was due
//	    "service": HISTOGRAM,         since it was sent
//	    "sessions": {"swapped", "unknown"},    requests with a session's cookie; only where the target is sent its own
//	    "late": {"target": HISTOGRAM, "limit": HISTOGRAM, "gor": HISTOGRAM},
//	    "timeline": {"width": 100000000, "slots": [{"due", "errors", "ended", "latency_p50", "latency_p99", "latency_max",
//	                 "service_p50", "service_p99", "late_target", "late_limit", "late_gor"}]},
//	    "routes": [{"route": "GET /users/{id}", "started", "errors", "status", "failures", "latency": HISTOGRAM, "service": HISTOGRAM}]
//	  }],
//	  "comparison": {...}             what comparing the responses came to, as package compare describes it; absent: nothing was compared
//	}
//
// Of live traffic, "read" is what was received, and "skipped" also what a limit or a full
// buffer dropped.
//
// A slot of the timeline has what came of the requests that were due in it, and
// "ended", how many ended in it; late_… are the longest. A HISTOGRAM is
//
//	{"count": 12000, "min": 0, "mean": 0, "stddev": 0, "p50": 0, "p90": 0, "p95": 0, "p99": 0, "p99.9": 0, "p99.99": 0, "max": 0,
//	 "buckets": [[highest, count], ...]}
//
// where a bucket counts what is up to highest and above the highest of the one
// before, and is less than 1 % wide. Routes have no buckets. min and max are exact.
//
// # The CSV report
//
// A line for each request at each target, in the order in which they ended, with a
// head line: target, conn (hexadecimal), index, recorded (RFC 3339), method, path, due, started,
// latency, service, late_target, late_limit, late_gor (seconds; due and started
// since the run began), status, failure.
//
// The .hgrm report is HdrHistogram's percentile distribution of the latency at all
// targets together, in milliseconds, as its plotters read it.
package results
