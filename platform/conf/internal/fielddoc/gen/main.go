// Command gen writes the table of configuration comments: gen MODULE-FOLDER FILE.
package main

import (
	"fmt"
	"os"

	"bulwark/platform/conf/internal/fielddoc"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: gen MODULE-FOLDER FILE")
		os.Exit(2)
	}
	table, err := fielddoc.Collect(os.DirFS(os.Args[1]), "bulwark")
	if err == nil {
		err = os.WriteFile(os.Args[2], table, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
