package web

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"strings"
)

// The page's parts: what a browser gets is one file of them.
var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// Where in the page's file the other parts stand, its policy, and the data of a saved one.
const (
	styleMark  = "/*style*/"
	scriptMark = "/*script*/"
	policyMark = "{{policy}}"
	dataMark   = "{{data}}"
)

// policy lets the page have its own style and script, by their hashes, ask where it
// came from for data, and nothing else.
func policy() string {
	return "default-src 'none'; base-uri 'none'; form-action 'none'; connect-src 'self'; img-src data:; style-src " + hash(pageCSS) + "; script-src " + hash(pageJS)
}

// hash is a source of a policy that allows one text (CSP level 3, section 2.3.1).
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// document is the page with data in it, as JSON; empty: it asks for them.
func document(data string) string {
	return strings.NewReplacer(styleMark, pageCSS, scriptMark, pageJS, policyMark, policy(), dataMark, data).Replace(pageHTML)
}
