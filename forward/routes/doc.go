// Package routes learns from the paths of requests which of them are the same place
// of a server: /users/7/orders and /users/12/orders are both /users/{id}/orders. So
// what is known of single requests can be said of routes, of which a server has few.
//
// A segment of a path is an {id} if it looks like one (shape.go): a number, a date,
// a UUID, a hash, an e-mail address, or anything too long to be a name. What does not look like
// one, such as a user's name, is found out: where a path has more than maxChildren
// different continuations, those that are rare become one {id}, and so does every new
// one there from then on.
//
// A Table keeps a value for each route, such as its accounts. When routes become one
// their values are merged. It has a bounded number of routes; beyond that what has
// few requests is merged first, and what is still too much is in one value for all
// others, (other). Its memory does not grow with the number of requests.
//
// Queries and fragments are no part of a route, nor are parameters of a segment (what
// follows a semicolon), nor the scheme and authority of an absolute-form target. The
// names of routes are printable, whatever the paths are: other bytes stand in them
// percent-encoded. They are still what somebody sent: who shows them escapes them.
//
// The package knows no requests and no accounts, only a method and a target. Read
// table.go first.
package routes
