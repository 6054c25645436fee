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
package live
