// Package live holds the tests and benchmarks of the whole program: they build
// gor, run it as users do between real servers in network namespaces of their
// own, and judge what arrives and what the accounts say. There is nothing to
// import here. They need root, skip without it, and leave nothing behind.
//
// Read mirror_test.go first: a mirror is the product at work, each machine a
// namespace (netns_test.go), with a load (load_test.go) at one end and a sink
// that counts (sink_test.go) at the other; a rawHost (rawtcp_test.go) sends segments
// that no kernel would. The live_*_test.go files are the
// tests, bench_test.go and file_bench_test.go the benchmarks.
//
// # What it costs
//
// Measured on two cores of a virtual machine under Linux 6.18 whose speed varies:
// read each figure beside those of the same row. The rows of lossy paths and of
// capture files were measured with an earlier state of the program.
//
//	listener, 20,000 keep-alive GETs per second, captured and sent
//	    2.2 us of CPU per request; a bare loop that walks such a ring and sends
//	    each payload 1.1 us in the same run, tcpdump -w /dev/null 0.2 us
//	    (BenchmarkListenerCost); 3.6 us where heads have 700 bytes and four
//	    cookies, as a browser's (BenchmarkListenerBeside)
//	the same, with what is sent of responses, medians of five by turns
//	    2.9 us of CPU per request without; with --responses 10% 1.02 times that,
//	    100% 1.54, with bodies 1.60 (BenchmarkListenerResponses)
//	watched, by page, metrics each second, control and view, beside the same
//	without, at the same time on a busy machine
//	    at 20,000 per second listener 1.01 and replayer (which forwards nothing)
//	    1.09 times, where single turns were 0.97 to 1.19 (BenchmarkWatched);
//	    without requests 3 ms of CPU per second more for the listener, 5 for the
//	    replayer (BenchmarkWatchedIdle)
//	the wire, 300-byte messages over loopback in 1,452-byte datagrams
//	    0.25 to 0.28 us of CPU to send and 0.09 to 0.12 us to receive one,
//	    encrypted 0.32 to 0.37 and 0.18 to 0.22 us; nothing allocated on
//	    either side; 3.4 to 5.2 million per second, encrypted 2.5 to 3
//	    million (BenchmarkWire)
//	delay on the wire where each datagram is lost with 0, 1, 5, 20 % in both
//	directions; no message was, encrypted or not (measured earlier, on a
//	faster machine)
//	    go test -run LossyPath -v ./udpwire -args -full
//	20,000 messages of 1 KB per second, median
//	    0.1 ms each, at most 0.12
//	and 99th percentile
//	    0.3 to 1.0, 0.3 to 0.4, 1.4, 3.3 to 4.8 ms
//	400 messages of 64 KB per second, median
//	    0.1 to 0.2, 0.2, 0.3 to 0.4, 3 ms
//	and 99th percentile
//	    0.4 to 0.6, 2.7 to 4.1, 3.9 to 4.4, 9.9 to 10.4 ms; a machine too busy
//	    to run gor adds what it makes it wait
//	replayer, to a fast target over 64 connections
//	    57 us of CPU per request, most of it net/http's: a bare loop over
//	    http.Transport 46 us in the same run (BenchmarkForward)
//	a recording at 2,000 requests per second for a minute, the server beside it
//	    on the wire 0.17 ms after their time (median), 99 % within 0.5 ms; in the
//	    same run vegeta 0.5 and 1.3 ms, and tcpreplay later by 50 us with each
//	    packet, 3 s after half a minute; a sleeping thread woke 0.12 ms late, 99 %
//	    within 0.4 ms (-run RecordingPace -v -args -pace 60s)
//	a capture file at --speed max, 128 connections
//	    49 to 52 us of CPU per request, reading included, with 64 connections 47
//	    to 50; BenchmarkForward 43 to 45 us by turns with it, vegeta 83 us; 101 MB
//	    resident for a file of 100 MB, 110 MB for one of 2 GB
//	memory
//	    64 MiB ring, up to --max-memory for connections, up to --wire-buffer
//	    per replay server
//	reading capture files with --print, output to /dev/null
//	    CPU per request, start of the program included; beside it in the same
//	    run a program that only reads records and decodes headers, and tcpdump
//	    -w /dev/null 'tcp dst port 80' (BenchmarkFile)
//	400,000 GETs of 20,000 connections, with answers
//	    0.7 to 1.0 us; loop 0.18 us, tcpdump 1.6 us
//	the same, half of them cut in two, 5 % late, 2 % twice
//	    1.0 to 1.3 us; loop 0.25 us, tcpdump 1.6 us
//	800,000 GETs without answers, of 20,000, 200,000 and 800,000 connections
//	    0.49, 0.52 and 0.74 us; loop 0.06 to 0.07 us, tcpdump 0.44 to 0.55 us.
//	    Most of what the last cost more is their opening, three packets each,
//	    whatever their number (BenchmarkOpen). A host that takes a virtual
//	    machine's free memory back and is slow to return it adds to that
//	a POST of 4 MB, one of 256 MB: --read of a file with it less that of an
//	empty file, measured by hand
//	    2.2 to 2.5 and 0.4 to 0.5 ns per byte, where the kernel has huge pages
//	    at hand; else up to 3.4
//	an idle connection
//	    68 bytes (BenchmarkIdleConnections)
//	200,000 connections with half a request each
//	    140 MB accounted, 188 MB resident
package live
