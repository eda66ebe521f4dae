//go:build linux

package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	queries "github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/wakesocket/wakesocket/web/feed/metrics"
)

// decode reads a dashboard as Grafana's schema has it: a field that it does not know,
// lacks or has with another type is an error.
//
//lint:ignore SA1019 the dashboard is of this version of the schema
func decode(text string) (d dashboard.Dashboard, err error) {
	kinds := cog.NewRuntime()
	kinds.RegisterPanelcfgVariant(stat.VariantConfig())
	kinds.RegisterPanelcfgVariant(timeseries.VariantConfig())
	kinds.RegisterDataqueryVariant(queries.VariantConfig())
	strict := d
	if err = strict.UnmarshalJSONStrict([]byte(text)); err != nil && err.Error() != "" { // it is never nil
		return d, err
	}
	if err = json.Unmarshal([]byte(text), &d); err == nil { // which reads what the other only checks
		err = d.Validate()
	}
	return d, err
}

// values are those of each label of each metric that a feed has.
func values(t *testing.T) map[string]map[string][]string {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.New(nil))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string][]string{}
	for _, family := range families {
		all[family.GetName()] = map[string][]string{}
		for _, metric := range family.GetMetric() {
			for _, l := range metric.GetLabel() {
				of := all[family.GetName()]
				of[l.GetName()] = append(of[l.GetName()], l.GetValue())
			}
		}
	}
	return all
}

var (
	// target are the labels that Prometheus adds to each metric.
	target = []string{"job", "instance"}
	// known are the variables of Grafana's own that the dashboard uses, and a value.
	known     = map[string]string{"__rate_interval": "1m"}
	variable  = regexp.MustCompile(`\$\{?(\w+)\}?`)
	inLegend  = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)
	labelList = regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`)
)

// faults are what Grafana or Prometheus would refuse, or show as an empty panel.
func faults(text string, feed map[string]map[string][]string) (found []string) {
	d, err := decode(text)
	if err != nil {
		return []string{err.Error()}
	}
	complain := func(format string, arguments ...any) { found = append(found, fmt.Sprintf(format, arguments...)) }
	variables := maps.Clone(known)
	for _, v := range d.Templating.List {
		variables[v.Name] = "x"
		if v.Query == nil || v.Query.String == nil {
			continue
		}
		if query := *v.Query.String; v.Type == dashboard.VariableTypeQuery {
			m := labelList.FindStringSubmatch(query)
			if m == nil || feed[m[1]] == nil || !slices.Contains(target, m[2]) {
				complain("variable %s: %s asks for what no feed has", v.Name, query)
			}
		}
	}
	fill := func(text string) string {
		return variable.ReplaceAllStringFunc(text, func(name string) string {
			value, ok := variables[strings.Trim(name, "${}")]
			if !ok {
				complain("there is no variable %s", name)
			}
			return value
		})
	}
	for _, p := range d.Panels {
		if p.Panel == nil { // a row
			continue
		}
		if p.Panel.Title == nil || p.Panel.Datasource == nil || p.Panel.Datasource.Uid == nil {
			complain("panel %d needs a title and a datasource", *p.Panel.Id)
			continue
		}
		fill(*p.Panel.Datasource.Uid)
		for _, q := range p.Panel.Targets {
			query, ok := q.(*queries.Dataquery)
			if !ok || query.Datasource == nil || query.LegendFormat == nil { // without the first, the fields are not checked
				complain("%s: a target needs a datasource and a legendFormat", *p.Panel.Title)
				continue
			}
			expr, err := parser.NewParser(parser.Options{}).ParseExpr(fill(query.Expr))
			if err != nil {
				complain("%s: %v", *p.Panel.Title, err)
				continue
			}
			has := check(expr, feed, func(format string, arguments ...any) {
				complain(*p.Panel.Title+": "+format, arguments...)
			})
			for _, m := range inLegend.FindAllStringSubmatch(*query.LegendFormat, -1) {
				if !slices.Contains(has, m[1]) {
					complain("%s: the result has no label %s", *p.Panel.Title, m[1])
				}
			}
		}
	}
	return found
}

// check compares an expression with the metrics of a feed, and returns the labels that
// its result has.
func check(expr parser.Expr, feed map[string]map[string][]string, complain func(string, ...any)) (has []string) {
	switch e := expr.(type) {
	case *parser.VectorSelector:
		metric, ok := feed[e.Name]
		if !ok {
			complain("there is no metric %s", e.Name)
		}
		has = append(slices.Collect(maps.Keys(metric)), target...)
		for _, m := range e.LabelMatchers {
			switch {
			case m.Name == model.MetricNameLabel:
			case !slices.Contains(has, m.Name):
				complain("%s has no label %s", e.Name, m.Name)
			case !slices.Contains(target, m.Name) && !slices.Contains(metric[m.Name], m.Value):
				complain("the label %s of %s is never %s", m.Name, e.Name, m.Value)
			}
		}
		return has
	case *parser.AggregateExpr:
		inner := check(e.Expr, feed, complain)
		for _, label := range e.Grouping {
			if !slices.Contains(inner, label) {
				complain("%s has no label %s to group by", e.Expr, label)
			}
		}
		return e.Grouping
	}
	for node := range parser.ChildrenIter(expr) {
		if inner, ok := node.(parser.Expr); ok {
			has = append(has, check(inner, feed, complain)...)
		}
	}
	return has
}

func TestDashboard(t *testing.T) {
	for _, fault := range faults(read(t, "grafana.json"), values(t)) {
		t.Error(fault)
	}
}

// The checks of the dashboard see what they are for.
func TestFaultsOfDashboardsAreFound(t *testing.T) {
	text, feed := read(t, "grafana.json"), values(t)
	for _, c := range []struct{ old, new, want string }{
		{`"gridPos"`, `"gridpos"`, "gridpos"},
		{`"refId": "A",`, `"refId": "A", "datasauce": 1,`, "datasauce"},
		{`"datasource"`, `"datasauce"`, "datasauce"},
		{`"legendFormat"`, `"legendFormatt"`, "legendFormatt"},
		{`"fillOpacity"`, `"fillOpacty"`, "fillOpacty"},
		{`"colorMode"`, `"colourMode"`, "colourMode"},
		{`"fillOpacity": 0`, `"fillOpacity": "0"`, "fillOpacity"},
		{`"displayMode": "table"`, `"displayMode": 1`, "displayMode"},
		{`"title": "Events",`, ``, "panel 4 needs"},
		{`sum(wakesocket_log_live{`, `sum((wakesocket_log_live{`, "parse error"},
		{`$__rate_interval`, `$__rate_intervall`, "no variable $__rate_intervall"},
		{`{job=~\"$job\"}`, `{job=~\"$jobs\"}`, "no variable $jobs"},
		{`"uid": "${datasource}"`, `"uid": "${data}"`, "no variable ${data}"},
		{`wakesocket_events_total`, `wakesocket_event_total`, "no metric wakesocket_event_total"},
		{`label_values(wakesocket_connections`, `label_values(wakesocket_connection`, "variable job"},
		{`wakesocket_connections, job)`, `wakesocket_connections, jobs)`, "variable job"},
		{`sum by (reason)`, `sum by (raeson)`, "no label raeson to group by"},
		{`cause!=\"left\"`, `cuase!=\"left\"`, "no label cuase"},
		{`cause!=\"left\"`, `cause!=\"lost\"`, "is never lost"},
		{`{{operation}}`, `{{operatoin}}`, "no label operatoin"},
		{`{{instance}}`, `{{host}}`, "no label host"},
	} {
		broken := strings.ReplaceAll(text, c.old, c.new)
		if found := strings.Join(faults(broken, feed), "; "); broken == text || !strings.Contains(found, c.want) {
			t.Errorf("%s in the place of %s: %.200q; want %q", c.new, c.old, found, c.want)
		}
	}
}
