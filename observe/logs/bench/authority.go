package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"testing"
	"time"

	"bulwark/observe/logs/internal/wef/weftest"
)

// authority issues the certificates of machines.
type authority struct {
	issuer *weftest.Authority
	tb     fatal
}

// make makes it, and writes its certificate to a file.
func (a *authority) make(file string) error {
	a.issuer = weftest.NewAuthority(&a.tb, "bench")
	a.issuer.File(&a.tb, file)
	return nil
}

// client is the way of a machine to the program.
func (a *authority) client(name string) *tls.Config {
	c := a.issuer.Client(a.issuer.Issue(&a.tb, name, x509.ExtKeyUsageClientAuth, time.Now().Add(time.Hour)))
	c.InsecureSkipVerify = true // the program's certificate is of its own authority
	return c
}

// fatal stands for a test where there is none: what fails ends the program.
type fatal struct{ testing.TB }

// Helper does nothing.
func (*fatal) Helper() {}

// Fatal ends the program.
func (*fatal) Fatal(args ...any) {
	fmt.Fprintln(os.Stderr, append([]any{"bench-intake:"}, args...)...)
	os.Exit(1)
}
