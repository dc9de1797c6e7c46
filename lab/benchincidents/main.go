// Command benchincidents measures how alerts become incidents: it plays labelled alert sets of enterprises that were attacked (AIT-ADS)
// to the same code that decide/incident runs, and compares what comes of it with the labels. It changes each weight by itself, has alerts
// come late, and chooses weights on all sites but one to try them on that one. Its last lines are RESULT lines.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"bulwark/decide/incident/story"
)

func main() {
	data := flag.String("data", os.Getenv("BULWARK_DATA"), "`folder` that holds soc/ait-ads; default BULWARK_DATA")
	list := flag.Bool("v", false, "list every incident with the reasons of what is in it")
	sensitivity := flag.Bool("sensitivity", false, "list what each weight does, a third smaller and half as large again")
	flag.Parse()
	if err := run(os.Stdout, *data, *list, *sensitivity); err != nil {
		fmt.Fprintln(os.Stderr, "benchincidents:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, data string, list, sensitivity bool) error {
	if data == "" {
		for _, name := range results {
			fmt.Fprintf(out, "SKIP %s BULWARK_DATA names no folder\n", name)
		}
		return nil
	}
	sites, err := readSites(filepath.Join(data, "soc", "ait-ads"))
	if err != nil {
		return err
	}
	if sensitivity {
		sweep(out, sites)
	}
	stands(out, sites)
	leaveOneOut(out, sites)
	all := measure(sites, story.Defaults())
	for n := range all {
		all[n].print(out, list)
	}
	total(all).print(out)
	return nil
}

// measure plays each site by itself.
func measure(sites []site, set story.Settings) []outcome {
	var all []outcome
	for n := range sites {
		all = append(all, play(&sites[n], set))
	}
	return all
}
