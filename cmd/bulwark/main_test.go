package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"

	"bulwark/content/demo"
	"bulwark/lab"
	"bulwark/node"
)

var update = flag.Bool("update", false, "write what the program prints into the scripts of testdata")

// TestMain lets the scripts run this binary as bulwark, and the caged process, which has a name of its own, too.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bulwark": main, "bulwark-sensor": main})
}

func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("BULWARK_DATA_DIR", filepath.Join(e.WorkDir, "data"))
			return letOthersIn(e.WorkDir)
		},
		Condition: func(c string) (bool, error) {
			switch c {
			case "root":
				return os.Geteuid() == 0, nil
			case "cage": // what was built with cgo cannot be caged: see package cage
				return !builtWithCgo(), nil
			}
			return false, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"demo": unpackDemo, "pack": pack, "cut": cut, "lines": lines, "nopatient": noPatient,
			"fails": ends(node.ExitFailure), "wrong": ends(node.ExitUsage), "partly": ends(node.ExitPartial),
			"any": ends(anyCode), "freeport": freePort, "ready": ready,
		},
	})
}

// letOthersIn lets other users run the program and reach the files of a script, which root makes for itself alone.
func letOthersIn(work string) error {
	program, err := exec.LookPath("bulwark")
	if err != nil {
		return err
	}
	bin := filepath.Dir(program)
	for _, d := range []string{bin, filepath.Dir(bin), work, filepath.Dir(work)} {
		err = errors.Join(err, os.Chmod(d, 0o755))
	}
	return err
}

func builtWithCgo() bool {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "CGO_ENABLED" {
			return s.Value == "1"
		}
	}
	return false
}

// anyCode stands for every exit code.
const anyCode = -1

// ends is fails|wrong|partly|any ARG...: bulwark ends with that exit code.
func ends(want int) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		err := ts.Exec("bulwark", args...)
		var e *exec.ExitError
		got := 0
		if errors.As(err, &e) {
			got = e.ExitCode()
		} else if err != nil {
			ts.Fatalf("%v", err)
		}
		if got != want && want != anyCode {
			ts.Fatalf("exit code %d, want %d", got, want)
		}
	}
}

// freePort is freeport NAME: a port of 127.0.0.1 on which nothing listens, as a variable.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(errors.Join(err, l.Close()))
	ts.Setenv(args[0], port)
}

// ready is ready PORT: waits until the bulwark at that port says that it is.
func ready(ts *testscript.TestScript, _ bool, args []string) {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // it asks for one word
	var last error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		resp, err := client.Get("https://127.0.0.1:" + args[0] + "/readyz")
		if err == nil {
			if resp.Body.Close(); resp.StatusCode == http.StatusOK {
				return
			}
			err = errors.New(resp.Status)
		}
		last = err
		<-time.After(20 * time.Millisecond)
	}
	ts.Fatalf("not ready within a minute: %v", last)
}

// unpackDemo is demo FILE: the bundled capture, not compressed.
func unpackDemo(ts *testscript.TestScript, _ bool, args []string) {
	r, err := zstd.NewReader(bytes.NewReader(demo.Capture()))
	ts.Check(err)
	defer r.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(r)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o644))
}

// pack is pack FILE FILE.gz|FILE.zst.
func pack(ts *testscript.TestScript, _ bool, args []string) {
	text, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if strings.HasSuffix(args[1], ".zst") {
		z, err := zstd.NewWriter(&b)
		ts.Check(err)
		_, err = z.Write(text)
		ts.Check(err)
		ts.Check(z.Close())
	} else {
		_, err = w.Write(text)
		ts.Check(err)
		ts.Check(w.Close())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o644))
}

// cut is cut N FILE OUT: the first N bytes.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	text, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), text[:n], 0o644))
}

// lines is lines LEAST KEY...: the last output is at least that many lines, each a JSON object that holds the keys.
func lines(ts *testscript.TestScript, _ bool, args []string) {
	least, err := strconv.Atoi(args[0])
	ts.Check(err)
	s := bufio.NewScanner(strings.NewReader(ts.ReadFile("stdout")))
	s.Buffer(nil, 16<<20)
	n := 0
	for s.Scan() {
		n++
		var object map[string]any
		if err := json.Unmarshal(s.Bytes(), &object); err != nil {
			ts.Fatalf("line %d: %v: %.200s", n, err, s.Bytes())
		}
		for _, k := range args[1:] {
			if object[k] == nil {
				ts.Fatalf("line %d has no %s: %.200s", n, k, s.Bytes())
			}
		}
	}
	ts.Check(s.Err())
	if n < least {
		ts.Fatalf("got %d lines, want at least %d", n, least)
	}
}

// noPatient fails when the last output tells who a patient of the demo is, in whatever case.
func noPatient(ts *testscript.TestScript, _ bool, _ []string) {
	text := strings.ToLower(ts.ReadFile("stdout") + ts.ReadFile("stderr"))
	for _, id := range lab.Identifiers() {
		if i := strings.Index(text, strings.ToLower(id)); i >= 0 {
			ts.Fatalf("%s stands in the output: %.100q", id, text[max(i-50, 0):])
		}
	}
}
