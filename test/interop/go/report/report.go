// Package report runs one check after the other and prints a line of JSON for each.
package report

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// No check takes longer than this: what hangs is a failure with a name.
const patience = 40 * time.Second

// Facts are what a check found out and the reader wants to know.
type Facts map[string]any

// A Check is a name and a function that fails the check with an error.
type Check struct {
	Name string
	Run  func(context.Context) (Facts, error)
}

// Run runs the checks in their order and ends the program.
func Run(checks []Check) {
	failed := false
	for _, check := range checks {
		line := outcome(check)
		failed = failed || line["ok"] == false
		text, err := json.Marshal(line)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(text))
	}
	if failed {
		os.Exit(1)
	}
}

func outcome(check Check) Facts {
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	facts, err := check.Run(ctx)
	line := Facts{"check": check.Name, "ok": err == nil}
	if err != nil {
		line["error"] = err.Error()
	}
	for name, fact := range facts {
		line[name] = fact
	}
	return line
}
