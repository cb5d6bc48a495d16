// What the page says, in English and Chinese. Names of problems, actions and states are the product's own words and stay as they are.

const english = {
  fleet: 'Fleet', problems: 'Problems', incidents: 'Incidents', budgets: 'Budgets', audit: 'Audit', node: 'Node', nodes: 'Nodes', devices: 'Devices',
  unhealthy: 'unhealthy', connected: 'connected', reconnecting: 'reconnecting', lost: 'lost', unfit: 'unfit for work', healthy: 'healthy',
  fatal: 'fatal', degraded: 'degraded', info: 'info', live: 'Live', broken: 'Connection lost. What is shown is as of', loading: 'Reading …', refused: 'The token was refused',
  token: 'Token', enter: 'Open', tokenHow: 'On the aggregator: aiinfra-aggregator token create --role viewer', leave: 'Leave', by: 'By', nothing: 'No domain',
  noNodes: 'No node has reported yet.', noNodesHow: 'Give each agent the address in fleet.aggregator, and a join token.', find: 'Find a node', none: 'None.',
  noProblems: 'No problem stands.', noOperations: 'Nothing was done here yet.', noIncidents: 'No incident: no fault has come to several nodes at once.', noAudit: 'Nothing was decided yet.',
  more: 'More', retry: 'Try again', failed: 'This could not be read', since: 'since', seen: 'seen', times: 'times', evidence: 'Evidence', links: 'Links', timeline: 'Timeline',
  actions: 'Actions', workloads: 'Who works here', facts: 'Facts', notReady: 'Not ready', subject: 'Subject', severity: 'Severity', problem: 'Problem', cause: 'Cause', action: 'Suggested',
  when: 'When', who: 'Who', what: 'What', says: 'Why', state: 'State', outcome: 'Outcome', helped: 'Helped', index: 'Index', model: 'Model', vendor: 'Vendor', resource: 'Resource',
  address: 'PCI address', id: 'Id', job: 'Job', pod: 'Pod', simulated: 'SIMULATED', paused: 'paused', theme: 'Light or dark', kernel: 'Kernel', image: 'Image', agent: 'Agent',
  boot: 'Boot', skew: 'Clock off by', lastHeard: 'Last heard', remediation: 'Remediation', cut: 'Only the first are shown. Narrow it down.', gone: 'There is no node of that name, or it was removed.',
  legendFine: 'fine', legendInfo: 'something noted', keys: 'Arrow keys move, Enter opens.', approve: 'Approve', pause: 'Pause', resume: 'Resume', members: 'Nodes', part: 'Suspected part',
  waiting: 'Waiting for approval', domain: 'Domain', limit: 'At most', unavailable: 'Unavailable now', breaker: 'Breaker', notYet: 'This aggregator does not tell that yet.', step: 'Step',
};
export type TextKey = keyof typeof english;
const chinese: Record<TextKey, string> = {
  fleet: '集群', problems: '问题', incidents: '事件', budgets: '预算', audit: '审计', node: '节点', nodes: '节点', devices: '设备',
  unhealthy: '不健康', connected: '已连接', reconnecting: '重连中', lost: '失联', unfit: '不可用', healthy: '健康',
  fatal: '致命', degraded: '降级', info: '提示', live: '实时', broken: '连接已断开，显示的数据截至', loading: '正在读取…', refused: '令牌被拒绝',
  token: '令牌', enter: '进入', tokenHow: '在聚合器上执行：aiinfra-aggregator token create --role viewer', leave: '退出', by: '按', nothing: '无所属域',
  noNodes: '还没有节点上报。', noNodesHow: '在每个代理的 fleet.aggregator 中填写地址，并提供加入令牌。', find: '查找节点', none: '无。',
  noProblems: '当前没有问题。', noOperations: '这里还没有执行过任何操作。', noIncidents: '没有事件：没有故障同时出现在多个节点上。', noAudit: '还没有任何决定。',
  more: '更多', retry: '重试', failed: '无法读取', since: '始于', seen: '出现', times: '次', evidence: '证据', links: '链路', timeline: '时间线',
  actions: '操作', workloads: '占用者', facts: '信息', notReady: '未就绪', subject: '对象', severity: '严重程度', problem: '问题', cause: '原因', action: '建议操作',
  when: '时间', who: '操作者', what: '内容', says: '原因', state: '状态', outcome: '结果', helped: '是否有效', index: '序号', model: '型号', vendor: '厂商', resource: '资源',
  address: 'PCI 地址', id: '标识', job: '作业', pod: 'Pod', simulated: '模拟', paused: '已暂停', theme: '浅色或深色', kernel: '内核', image: '镜像', agent: '代理',
  boot: '启动', skew: '时钟偏差', lastHeard: '最近上报', remediation: '自愈', cut: '仅显示前面的部分，请缩小范围。', gone: '没有该名称的节点，或已被移除。',
  legendFine: '正常', legendInfo: '有记录', keys: '方向键移动，回车打开。', approve: '批准', pause: '暂停', resume: '恢复', members: '节点', part: '疑似部件',
  waiting: '等待批准', domain: '域', limit: '上限', unavailable: '当前不可用', breaker: '熔断器', notYet: '此聚合器尚不提供该信息。', step: '步骤',
};

const key = 'aiinfra.language';
export const language = {
  get: (): 'en' | 'zh' => (localStorage.getItem(key) ?? navigator.language).startsWith('zh') ? 'zh' : 'en',
  set: (value: 'en' | 'zh') => localStorage.setItem(key, value),
};

export const t = (name: TextKey): string => (language.get() === 'zh' ? chinese : english)[name];

const locale = () => (language.get() === 'zh' ? 'zh-CN' : 'en-GB');

/** A moment, in this browser's zone; the full one in UTC is for titles. */
export const moment = (text: string | null): string => text === null ? '' : new Intl.DateTimeFormat(locale(), { dateStyle: 'short', timeStyle: 'medium' }).format(new Date(text));

/** "3 min ago". */
export function ago(text: string): string {
  const seconds = (new Date(text).getTime() - Date.now()) / 1000;
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto', style: 'short' });
  for (const [unit, size] of [['day', 86_400], ['hour', 3_600], ['minute', 60]] as const)
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  return format.format(Math.round(seconds), 'second');
}

export const count = (value: number): string => new Intl.NumberFormat(locale()).format(value);
