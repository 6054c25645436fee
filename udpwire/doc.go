// Package udpwire carries messages over UDP without losing any silently.
package udpwire
