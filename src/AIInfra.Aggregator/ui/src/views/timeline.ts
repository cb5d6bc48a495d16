// When each problem stood and each step ran: bars on one axis of time. In a file of its own, since the chart library is most of this page's weight.

import { CustomChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { graphic, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams } from 'echarts';
import type { NodePage } from '../api';
import { moment } from '../texts';

use([CustomChart, GridComponent, TooltipComponent, CanvasRenderer]);

// The chart library empties its place by innerHTML = ''. That alone is let through: any other text that is to become markup is refused by the page's policy.
(window as { trustedTypes?: { createPolicy(name: string, rules: { createHTML(text: string): string | null }): unknown } }).trustedTypes
  ?.createPolicy('default', { createHTML: (text) => (text === '' ? '' : null) });

interface Bar { name: string; row: string; from: number; to: number; color: string }

/** A color of the style sheet as the chart library understands it: the variables themselves hold light-dark(). */
function colorOf(place: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(--${name})`;
  place.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

export function drawTimeline(into: HTMLElement, { problems, operations }: NodePage, nameOf: (subject: string) => string, signal: AbortSignal): void {
  const color = (name: string) => colorOf(into, name);
  const time = (text: string | null) => (text === null ? Date.now() : new Date(text).getTime());
  const bars: Bar[] = [
    ...problems.map((problem) => ({ name: `${problem.id}: ${problem.message}`, row: `${problem.id} ${nameOf(problem.subject)}`.slice(0, 60), from: time(problem.firstSeen), to: Date.now(), color: color(problem.severity) })),
    ...operations.filter((row) => row.intended !== null).map((row) => ({ name: `${row.action}: ${row.says}`, row: row.action, from: time(row.intended), to: time(row.closed), color: color('accent') })),
  ];
  const rows = [...new Set(bars.map((bar) => bar.row))];
  into.style.height = `${60 + rows.length * 26}px`;
  const chart = init(into);
  chart.setOption({
    animation: false,
    grid: { left: 8, right: 16, top: 8, bottom: 24, containLabel: true },
    tooltip: { renderMode: 'richText', formatter: ({ dataIndex }: { dataIndex: number }) => { const bar = bars[dataIndex]!; return `${bar.name.slice(0, 120)}\n${moment(new Date(bar.from).toISOString())} – ${moment(new Date(bar.to).toISOString())}`; } },
    xAxis: { type: 'time', axisLabel: { color: color('soft') }, splitLine: { show: true, lineStyle: { color: color('line') } } },
    yAxis: { type: 'category', data: rows, inverse: true, axisLabel: { color: color('text'), width: 260, overflow: 'truncate' }, axisTick: { show: false }, axisLine: { lineStyle: { color: color('line') } } },
    series: [{
      type: 'custom', encode: { x: [0, 1], y: 2 },
      data: bars.map((bar) => [bar.from, Math.max(bar.to, bar.from), rows.indexOf(bar.row)]),
      renderItem: (params: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
        const [from, to] = [api.coord([api.value(0), api.value(2)]), api.coord([api.value(1), api.value(2)])];
        const plot = params.coordSys as unknown as { x: number; y: number; width: number; height: number };
        const shape = graphic.clipRectByRect({ x: from[0]!, y: from[1]! - 6, width: Math.max(4, to[0]! - from[0]!), height: 12 }, plot);
        return shape === undefined ? null : { type: 'rect', shape: { ...shape, r: 2 }, style: { fill: bars[params.dataIndex]!.color } };
      },
    }],
  });
  const resize = new ResizeObserver(() => chart.resize());
  resize.observe(into);
  signal.addEventListener('abort', () => { resize.disconnect(); chart.dispose(); });
}
