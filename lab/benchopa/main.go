// Command benchopa answers for benchaccess what Open Policy Agent takes for the same decisions. It is a module of its own, so that nothing of OPA comes
// into the program. It reads the hospital that benchaccess wrote (see lab/benchaccess/opa.go), and for each line on its standard input answers with one:
// "check": which questions are allowed, as 0 and 1; "run N": the CPU time of N questions in nanoseconds.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

func main() {
	flag.Parse()
	if err := serve(flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "benchopa:", err)
		os.Exit(1)
	}
}

// hospital is what benchaccess wrote.
type hospital struct {
	Rego      string         `json:"rego"`
	Data      map[string]any `json:"data"`
	Questions []any          `json:"questions"`
}

func serve(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var h hospital
	if err := json.Unmarshal(text, &h); err != nil {
		return err
	}
	ctx := context.Background()
	// The quickest that the library offers: values of its own in the store, and questions that are read before.
	store := inmem.NewFromObjectWithOpts(h.Data, inmem.OptReturnASTValuesOnRead(true))
	query, err := rego.New(rego.Query("data.hospital.allow"), rego.Module("hospital.rego", h.Rego), rego.Store(store)).PrepareForEval(ctx)
	if err != nil {
		return err
	}
	inputs := make([]ast.Value, len(h.Questions))
	for n, q := range h.Questions {
		if inputs[n], err = ast.InterfaceToValue(q); err != nil {
			return err
		}
	}
	ask := func(n int) (bool, error) {
		r, err := query.Eval(ctx, rego.EvalParsedInput(inputs[n]))
		return r.Allowed(), err
	}
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if in.Text() == "check" {
			var b strings.Builder
			for n := range inputs {
				yes, err := ask(n)
				if err != nil {
					return err
				}
				b.WriteByte(map[bool]byte{false: '0', true: '1'}[yes])
			}
			fmt.Println(b.String())
			continue
		}
		var times int
		if _, err := fmt.Sscanf(in.Text(), "run %d", &times); err != nil {
			return err
		}
		before := cpu()
		for n := range times {
			if _, err := ask(n * 7919 % len(inputs)); err != nil {
				return err
			}
		}
		fmt.Println((cpu() - before).Nanoseconds())
	}
	return nil
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
