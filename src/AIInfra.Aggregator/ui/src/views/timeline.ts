// When each problem stood and each step ran: bars on one axis of time. In a file of its own, since the chart library is most of this page's weight.

import { CustomChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { graphic, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams } from 'echarts';
import type { OperationLine, ProblemLine } from '../api';
import { moment } from '../texts';

use([CustomChart, GridComponent, TooltipComponent, CanvasRenderer]);

interface Bar { name: string; row: string; from: number; to: number; color: string }

export function drawTimeline(into: HTMLElement, problems: ProblemLine[], operations: OperationLine[], signal: AbortSignal): void {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const time = (text: string | null) => (text === null ? Date.now() : new Date(text).getTime());
  const bars: Bar[] = [
    ...problems.map((problem) => ({ name: `${problem.id}: ${problem.message}`, row: `${problem.id} ${problem.subject}`, from: time(problem.firstSeen), to: Date.now(), color: color(problem.severity) })),
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
    yAxis: { type: 'category', data: rows, inverse: true, axisLabel: { color: color('text'), width: 260, overflow: 'truncate' }, axisTick: { show: false } },
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
