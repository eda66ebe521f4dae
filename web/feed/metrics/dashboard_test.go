package metrics_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wakesocket/wakesocket/web/feed/metrics"
)

var (
	metricName = regexp.MustCompile(`wakesocket_\w+`)
	grouped    = regexp.MustCompile(`by \((\w+)\) \(rate\((\w+)`)
	matched    = regexp.MustCompile(`(\w+)\{job=~"\$job",(\w+)!="(\w+)"`)
)

// The dashboard for Grafana asks for metrics and labels that there are, and leaves
// none out.
func TestDashboard(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.New(nil))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]map[string][]string{} // values of each label of each metric
	for _, family := range families {
		labels[family.GetName()] = map[string][]string{}
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				values := labels[family.GetName()]
				values[l.GetName()] = append(values[l.GetName()], l.GetValue())
			}
		}
	}
	text, err := os.ReadFile("../../deploy/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, panel := range dashboard.Panels {
		if len(panel.Targets) == 0 {
			t.Errorf("%s shows nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			names := metricName.FindAllString(target.Expr, -1)
			if len(names) == 0 {
				t.Errorf("%s: %s asks for no metric", panel.Title, target.Expr)
			}
			for _, name := range names {
				if shown[name] = true; labels[name] == nil {
					t.Errorf("%s: there is no metric %s", panel.Title, name)
				}
			}
			for _, m := range grouped.FindAllStringSubmatch(target.Expr, -1) {
				if labels[m[2]][m[1]] == nil {
					t.Errorf("%s: %s has no label %s", panel.Title, m[2], m[1])
				}
			}
			for _, m := range matched.FindAllStringSubmatch(target.Expr, -1) {
				if !slices.Contains(labels[m[1]][m[2]], m[3]) {
					t.Errorf("%s: the label %s of %s is never %s", panel.Title, m[2], m[1], m[3])
				}
			}
		}
	}
	for name := range labels {
		if !shown[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}
