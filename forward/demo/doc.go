// Package demo shows gor at work on one machine: it starts a web server, a
// staging server and clients on the loopback interface, runs gor's own listen
// and replay commands between them as a user would, and reports the fate of
// every request.
//
//	clients --TCP--> web server
//	            |
//	       gor listen ==UDP==> gor replay --TCP--> staging server
//
// Both servers remember a digest of each request's method, target and body
// under the request's id, so that a lost, doubled or changed request shows. The
// commands run as child processes of the same binary; they are stopped with
// SIGINT and their final accounts are read from their JSON logs. Everything is
// bounded in number and time, and nothing leaves the machine. Read demo.go first:
// Run goes through all of it; folder live holds the tests of the whole program.
package demo
